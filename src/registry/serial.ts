import type { Clock } from '../observe/clock.ts';

/** How far the serial may be ahead of the clock: a process takes about as long to be replaced by another one, whose serial begins at its time. */
const MAX_LEAD_SECONDS = 5;

/**
 * A zone's serial: the Unix time of the last change that the zone shows.
 *
 * It never goes back. Changes share a serial if nothing has read it between them, and if many are read in a second, so that it does not run ahead of the
 * clock. A new process starts at its time, which is later than the serials of an earlier process, and close to those of a replica that sees the same
 * changes.
 */
export class Serial {
  private readonly clock: Clock;
  private readonly listeners = new Set<() => void>();
  private shown: number;
  /** What {@link shown} is before the first serial. */
  private readonly floor: number;
  /** The time of the last change that {@link value} does not show yet. */
  private movedAtMs: number | undefined;

  private moveCount = 0;
  /** The difference of the two scales of the clock: the first one may be set back. */
  private readonly startMs: number;

  /** Starts now, or after `floor` if the clock is behind it. */
  constructor(clock: Clock, floor = 0) {
    this.clock = clock;
    this.floor = floor;
    this.shown = floor;
    this.movedAtMs = clock.now();
    this.startMs = clock.now() - clock.monotonic();
  }

  get value(): number {
    return this.withheldMs > 0 ? this.shown : this.unique();
  }

  /** Until when {@link value} stays the same if nothing changes, on the clock's monotonic scale: the serial of the last change may come later. */
  get holdsUntilMs(): number {
    if (this.movedAtMs === undefined) return Number.POSITIVE_INFINITY;
    const { withheldMs } = this;
    return withheldMs > 0 ? this.clock.monotonic() + withheldMs : Number.POSITIVE_INFINITY;
  }

  /** How long it takes until the next serial is not too far ahead of the clock; 0 or less if it is not. */
  private get withheldMs(): number {
    const { clock, shown, floor, startMs } = this;
    const nowMs = Math.max(clock.now(), startMs + clock.monotonic());
    return shown > floor ? (shown + 1 - MAX_LEAD_SECONDS) * 1000 - nowMs : 0;
  }

  /** The serial for somebody who knows the present state by it: no other state that was seen has the same one. */
  unique(): number {
    if (this.movedAtMs !== undefined) {
      this.shown = Math.max(Math.floor(this.movedAtMs / 1000), this.shown + 1);
      this.movedAtMs = undefined;
    }
    return this.shown;
  }

  /** How often the zone has changed: what was derived from it is stale if this differs. */
  get moves(): number {
    return this.moveCount;
  }

  /** Called when something has changed that the zone shows. */
  move(): void {
    this.moveCount++;
    this.movedAtMs = this.clock.now();
    for (const listener of this.listeners) listener();
  }

  /** Calls `listener` at every change. Returns a function that ends it. */
  onMove(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
