import type { Clock } from '../../observe/clock.ts';
import { pause } from './limits.ts';

/** How long after a refusal a streaming list is tried again: the server may have been upgraded. */
const REFUSED_FOR_MS = 10 * 60_000;

/** Whether the API server supports streaming lists: one reflector finds it out for all. */
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

/** Lets watches that wait for an API server try again as soon as it has served another watch. */
export class RetrySignal {
  private readonly waiting = new Set<() => void>();
  private count = 0;

  /** How often the server has served a watch. */
  get servedCount(): number {
    return this.count;
  }

  /** The server has completed a list, or begun to answer a watch. */
  served(): void {
    this.count++;
    for (const end of this.waiting) end();
  }

  /** Settles after this time, when `signal` aborts, or when the server serves a watch; at once if `servedCount` has moved since `countBefore`. */
  async pause(ms: number, countBefore: number, clock: Clock, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.count > countBefore) return;
    const over = new AbortController();
    const end = () => over.abort();
    this.waiting.add(end);
    signal.addEventListener('abort', end);
    await pause(ms, clock, over.signal);
    this.waiting.delete(end);
    signal.removeEventListener('abort', end);
  }
}
