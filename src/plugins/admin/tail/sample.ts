/** The shortest time in which items are collected before some of them are chosen. */
const MIN_WINDOW_MS = 100;

/**
 * Lets at most `rate` items a second through on average. If more come, each item of a window of time has the same chance (reservoir sampling). After a
 * pause, as many as those of a second may pass at once.
 */
export class Sample<T> {
  /** How long a window is. */
  readonly windowMs: number;
  private readonly rate: number;
  private readonly random: () => number;
  /** How many items may pass in this window. */
  private room: number;
  private endMs = Number.NEGATIVE_INFINITY;
  private chosen: { readonly order: number; readonly item: T }[] = [];
  private offered = 0;

  constructor(rate: number, random: () => number) {
    this.rate = rate;
    this.random = random;
    this.room = rate;
    this.windowMs = Math.max(MIN_WINDOW_MS, 1000 / rate);
  }

  /** Whether nothing was offered in this window. */
  get isEmpty(): boolean {
    return this.offered === 0;
  }

  /** Takes an item, which is only made if it is chosen at this moment. */
  offer(make: () => T, nowMs: number): void {
    if (this.offered === 0) this.refill(nowMs);
    const order = this.offered++;
    const room = Math.floor(this.room);
    if (this.chosen.length < room) {
      this.chosen.push({ order, item: make() });
      return;
    }
    const place = Math.floor(this.random() * this.offered);
    if (place < room) this.chosen[place] = { order, item: make() };
  }

  /** Ends the window: the items that were chosen, in their order, and how many were not. */
  take(): { readonly items: readonly T[]; readonly leftOut: number } {
    const items = this.chosen.sort((a, b) => a.order - b.order).map(({ item }) => item);
    const leftOut = this.offered - items.length;
    this.room -= items.length;
    this.chosen = [];
    this.offered = 0;
    return { items, leftOut };
  }

  /** Makes room for the window that begins now, as much as time has gone by. */
  private refill(nowMs: number): void {
    const endMs = nowMs + this.windowMs;
    this.room = Math.min(this.rate, this.room + ((endMs - this.endMs) / 1000) * this.rate);
    this.endMs = endMs;
  }
}
