import type { Clock, Timer } from '../../observe/clock.ts';
import type { Cell } from '../../observe/metrics.ts';

/** Requests that an address answers in a second: each makes clients of DNS wait for a moment. */
const REQUESTS_A_SECOND = 100;
/** How many it answers at once after a pause. */
export const MAX_BURST = 100;

/** Lets requests begin one after the other if they come too fast. How many wait is bounded by the connections. */
export class Pace {
  private readonly clock: Clock;
  private readonly delayed: Cell;
  private readonly waiting = new Set<() => void>();
  private room = MAX_BURST;
  private filledMs: number;
  private timer: Timer | undefined;

  /** @param delayed counts requests that had to wait */
  constructor(clock: Clock, delayed: Cell) {
    this.clock = clock;
    this.delayed = delayed;
    this.filledMs = clock.monotonic();
  }

  /** Begins a request now, or when it is its turn, unless the result is called before. */
  begin(run: () => void): () => void {
    if (this.waiting.size === 0 && this.take()) {
      run();
      return () => {};
    }
    this.delayed.value++;
    this.waiting.add(run);
    this.timer ??= this.clock.every(1000 / REQUESTS_A_SECOND, () => this.next());
    return () => {
      this.waiting.delete(run);
      this.rest();
    };
  }

  private next(): void {
    for (const run of this.waiting) {
      if (!this.take()) return;
      this.waiting.delete(run);
      run();
    }
    this.rest();
  }

  private rest(): void {
    if (this.waiting.size > 0) return;
    this.timer?.cancel();
    this.timer = undefined;
  }

  private take(): boolean {
    const nowMs = this.clock.monotonic();
    this.room = Math.min(MAX_BURST, this.room + ((nowMs - this.filledMs) / 1000) * REQUESTS_A_SECOND);
    this.filledMs = nowMs;
    if (this.room < 1) return false;
    this.room--;
    return true;
  }
}
