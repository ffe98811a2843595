import type { Clock } from '../../observe/clock.ts';

/** How long after a refusal a server is asked for a streaming list again: it may have been upgraded. */
const REFUSED_FOR_MS = 10 * 60_000;

/** Whether the API server serves streaming lists: one reflector finds out for all of them. */
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
