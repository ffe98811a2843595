/** How often a key was counted: `count` may be too high by `error`, and is never too low. */
export interface KeyCount {
  readonly key: string;
  readonly count: number;
  readonly error: number;
}

/** A counter, and its place in the heap. */
interface Counter {
  key: string;
  count: number;
  error: number;
  place: number;
}

/**
 * The most frequent keys of an endless stream, counted with at most `limit` counters (the space-saving sketch; Metwally, Agrawal and El Abbadi, 2005). A
 * new key takes over the counter with the smallest count.
 *
 * After N keys, no count is too high by more than N / `limit`, and every key that came more often than that has a counter.
 */
export class SpaceSaving {
  private readonly limit: number;
  private readonly byKey = new Map<string, Counter>();
  /** A binary heap with the smallest count first. */
  private readonly heap: Counter[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  add(key: string, times = 1): void {
    const known = this.byKey.get(key);
    const counter = known ?? (this.heap.length < this.limit ? this.append(key) : this.takeOver(key));
    counter.count += times;
    this.sink(counter);
  }

  /** The keys with the largest counts, the largest first. */
  top(limit: number): KeyCount[] {
    const sorted = this.heap.toSorted((a, b) => b.count - a.count || a.error - b.error);
    return sorted.slice(0, limit).map(({ key, count, error }) => ({ key, count, error }));
  }

  private append(key: string): Counter {
    const counter = { key, count: 0, error: 0, place: 0 };
    this.byKey.set(key, counter);
    // Its count is smaller than all others until it is counted, so it belongs at the top.
    this.heap.push(counter);
    let at = this.heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      this.put(this.heap[parent]!, at);
      at = parent;
    }
    this.put(counter, 0);
    return counter;
  }

  private takeOver(key: string): Counter {
    const counter = this.heap[0]!;
    this.byKey.delete(counter.key);
    this.byKey.set(key, counter);
    counter.key = key;
    counter.error = counter.count;
    return counter;
  }

  /** Moves a counter whose count has grown away from the top. */
  private sink(counter: Counter): void {
    let at = counter.place;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.heap.length) break;
      if (child + 1 < this.heap.length && this.heap[child + 1]!.count < this.heap[child]!.count) child++;
      if (this.heap[child]!.count >= counter.count) break;
      this.put(this.heap[child]!, at);
      at = child;
    }
    this.put(counter, at);
  }

  private put(counter: Counter, place: number): void {
    this.heap[place] = counter;
    counter.place = place;
  }
}
