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
  /** The time of the last change that {@link value} does not show yet. */
  private movedAtMs: number | undefined;

  /** When {@link value} may next change, on the monotonic scale: fixed as soon as {@link shown} is, so that what was told of it stays true. */
  private heldUntilMs = Number.NEGATIVE_INFINITY;
  private moveCount = 0;
  /** The difference of the two scales of the clock: the first one may be set back. */
  private readonly startMs: number;

  /** Starts now, or after `floor` if the clock is behind it. */
  constructor(clock: Clock, floor = 0) {
    this.clock = clock;
    this.shown = floor;
    this.movedAtMs = clock.now();
    this.startMs = clock.now() - clock.monotonic();
  }

  get value(): number {
    return this.clock.monotonic() < this.heldUntilMs ? this.shown : this.unique();
  }

  /** Until when the {@link value} read last stays if nothing changes, on the clock's monotonic scale: the serial of the last change may come later. */
  get holdsUntilMs(): number {
    return this.movedAtMs === undefined ? Number.POSITIVE_INFINITY : this.heldUntilMs;
  }

  /** The serial for somebody who knows the present state by it: no other state that was seen has the same one. */
  unique(): number {
    if (this.movedAtMs !== undefined) {
      this.shown = Math.max(Math.floor(this.movedAtMs / 1000), this.shown + 1);
      this.movedAtMs = undefined;
      this.heldUntilMs = this.clock.monotonic() + this.leadMs;
    }
    return this.shown;
  }

  /** How long it takes until the next serial is not too far ahead of the clock; less than 0 if it is not. */
  private get leadMs(): number {
    const { clock, shown, startMs } = this;
    return (shown + 1 - MAX_LEAD_SECONDS) * 1000 - Math.max(clock.now(), startMs + clock.monotonic());
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
