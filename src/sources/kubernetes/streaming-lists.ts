import type { Clock } from '../../observe/clock.ts';

/** A server that has refused a streaming list is asked for one again after so long: it may have been upgraded. */
const REFUSED_FOR_MS = 10 * 60_000;

/** Whether the API server serves streaming lists: all reflectors of a server learn it from one. */
export class StreamingLists {
  private readonly clock: Clock;
  private refusedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get isTried(): boolean {
    return this.clock.monotonic() - this.refusedAtMs >= REFUSED_FOR_MS;
  }

  refused(): void {
    this.refusedAtMs = this.clock.monotonic();
  }
}
