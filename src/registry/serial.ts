import type { Clock } from '../observe/clock.ts';

/**
 * A zone's serial: the Unix time of the last change that the zone shows.
 *
 * It never goes back, and two states that were seen never have the same serial. Changes share a serial if nothing has read it between them, so
 * loading a large cluster does not move it hours ahead of the clock. A new process starts at its time, which is later than the serials of an earlier
 * process, and close to those of a replica that sees the same changes.
 */
export class Serial {
  private readonly clock: Clock;
  private readonly listeners = new Set<() => void>();
  private shown = 0;
  /** The time of the last change that {@link value} does not show yet. */
  private movedAtMs: number | undefined;

  /** Starts now, or after `floor` if the clock is behind it. */
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

  /** Called when something has changed that the zone shows. */
  move(): void {
    this.movedAtMs = this.clock.now();
    for (const listener of this.listeners) listener();
  }

  /** Calls `listener` at every change. Returns a function that ends it. */
  onMove(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
