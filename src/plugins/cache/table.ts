/**
 * A map with a size limit. It first removes entries that were never used again, then the least recently used ones. So a flood of random names removes
 * no entry that is in use. Every operation takes constant time.
 */
export interface Table<V> {
  readonly size: number;
  /** The octets of all values. */
  readonly octets: number;
  /** The value, which becomes the most recently used one. */
  get(key: string): V | undefined;
  /** The value; its use is not noted. */
  peek(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  /** All values with their keys. Their use is not noted, and they may be deleted meanwhile. */
  entries(): Iterable<readonly [string, V]>;
}

interface TableOptions<V> {
  readonly maxEntries: number;
  readonly maxOctets: number;
  /** Whether a value was used without being asked for here, since this was last called; then it counts as used again. */
  wasUsed?(value: V): boolean;
  /** Called for each value that is removed to make room. */
  onEvict(): void;
}

/** The share of the table for values in use; the rest is for new ones. */
const SHARE_IN_USE = 0.8;
/** How many values that were used again one operation looks at, so that it takes constant time however many there are. */
const MAX_SPARED = 16;

/** Values say how many octets they take. */
export function createTable<V extends { readonly octets: number }>(options: TableOptions<V>): Table<V> {
  const { maxEntries, maxOctets, wasUsed, onEvict } = options;
  const once = new Queue<V>();
  const inUse = new Queue<V>();
  const size = () => once.size + inUse.size;
  const octets = () => once.octets + inUse.octets;
  /** Moves the least recently used values back to the ones that are removed first. */
  const limitUse = () => {
    let spared = 0;
    while (inUse.size > SHARE_IN_USE * maxEntries || inUse.octets > SHARE_IN_USE * maxOctets) {
      const [key, value] = inUse.shift()!;
      const stays = spared < MAX_SPARED && wasUsed?.(value) === true;
      if (stays) spared++;
      (stays ? inUse : once).push(key, value);
    }
  };
  return {
    get size() {
      return size();
    },
    get octets() {
      return octets();
    },
    get(key) {
      const value = inUse.take(key) ?? once.take(key);
      if (value === undefined) return undefined;
      inUse.push(key, value);
      limitUse();
      return value;
    },
    peek: (key) => inUse.peek(key) ?? once.peek(key),
    set(key, value) {
      once.take(key);
      (inUse.take(key) ? inUse : once).push(key, value);
      limitUse();
      while (size() > maxEntries || octets() > maxOctets) {
        if (!once.shift()) inUse.shift();
        onEvict();
      }
    },
    delete(key) {
      if (!once.take(key)) inUse.take(key);
    },
    *entries() {
      yield* once.entries();
      yield* inUse.entries();
    },
  };
}

/** A queue of values that can also be found by key. */
class Queue<V extends { readonly octets: number }> {
  octets = 0;
  // A Map is iterated in order of insertion.
  private readonly values = new Map<string, V>();
  /**
   * The entries that it has passed were deleted or moved to the end, so its next entry is the oldest. A new iterator would have to skip all deleted
   * entries that the Map has not cleaned up.
   */
  private oldest = this.values.entries();

  get size(): number {
    return this.values.size;
  }

  entries(): Iterable<readonly [string, V]> {
    return this.values.entries();
  }

  peek(key: string): V | undefined {
    return this.values.get(key);
  }

  push(key: string, value: V): void {
    this.values.set(key, value);
    this.octets += value.octets;
  }

  take(key: string): V | undefined {
    const value = this.values.get(key);
    if (value === undefined) return undefined;
    this.values.delete(key);
    this.octets -= value.octets;
    return value;
  }

  /** Removes the oldest value and returns it. */
  shift(): readonly [string, V] | undefined {
    if (this.values.size === 0) return undefined;
    for (;;) {
      const { value: entry } = this.oldest.next();
      if (entry) {
        this.take(entry[0]);
        return entry;
      }
      this.oldest = this.values.entries();
    }
  }
}
