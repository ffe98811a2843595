import type { Clock, Timer } from '../../observe/clock.ts';

/** How long a change waits for those that come with it: a Service is soon followed by its slices. */
export const SETTLE_MS = 20;

/** Calls a function soon after changes, once for those that come together, and not too often. */
export class Pace {
  private readonly clock: Clock;
  private readonly run: () => void;
  private timer: Timer | undefined;
  private lastMs = Number.NEGATIVE_INFINITY;
  private readonly intervalMs: number;

  /** @param intervalMs the minimum time between two calls. */
  constructor(clock: Clock, intervalMs: number, run: () => void) {
    this.clock = clock;
    this.intervalMs = intervalMs;
    this.run = run;
  }

  /** Has the function called after `delayMs`, or when it is due already. */
  soon(delayMs = SETTLE_MS): void {
    const soonestMs = this.lastMs + this.intervalMs - this.clock.monotonic();
    this.timer ??= this.clock.after(Math.max(delayMs, soonestMs), () => {
      this.timer = undefined;
      this.lastMs = this.clock.monotonic();
      this.run();
    });
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }
}
