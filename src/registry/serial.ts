import type { Clock } from '../observe/clock.ts';

/**
 * A zone's serial: Unix seconds of the last change that the zone shows.
 *
 * It never runs back, and two different states never show the same serial; changes that nobody looked between share one,
 * so that loading a large cluster does not carry the serial hours ahead of the clock. A new process starts at its own time:
 * later than what an earlier one showed, and never far from what a replica shows that sees the same changes.
 */
export class Serial {
  private readonly clock: Clock;
  private readonly listeners = new Set<() => void>();
  private shown = 0;
  /** When the last change was made that {@link value} does not show yet. */
  private movedAtMs: number | undefined;

  /** Starts now, or behind `floor` where the clock has not come so far. */
  constructor(clock: Clock, floor = 0) {
    this.clock = clock;
    this.shown = floor;
    this.movedAtMs = clock.now();
  }

  get value(): number {
    if (this.movedAtMs !== undefined) {
      this.shown = Math.max(Math.floor(this.movedAtMs / 1000), this.shown + 1);
      this.movedAtMs = undefined;
    }
    return this.shown;
  }

  /** Something changed that the zone shows. */
  move(): void {
    this.movedAtMs = this.clock.now();
    for (const listener of this.listeners) listener();
  }

  /** Calls `listener` with every change. Returns how to end that. */
  onMove(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
