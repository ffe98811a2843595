/** A map of bounded size that forgets what was not used for the longest time. Every operation takes constant time. */
export interface Table<V> {
  readonly size: number;
  /** The octets of all values. */
  readonly octets: number;
  /** The value, which is now the one used last. */
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

export interface TableOptions {
  readonly maxEntries: number;
  readonly maxOctets: number;
  /** Called for each value that had to make room. */
  onEvict(): void;
}

/** The values know how many octets they take. */
export function createTable<V extends { readonly octets: number }>(options: TableOptions): Table<V> {
  const { maxEntries, maxOctets, onEvict } = options;
  // A Map is iterated in order of insertion, so what is used moves to its end.
  const values = new Map<string, V>();
  /**
   * What it has passed is gone or has moved to the end, so its next key is the one used longest ago. A new iterator would
   * have to step over all that was deleted since the Map last tidied up.
   */
  let oldest = values.keys();
  let octets = 0;
  const remove = (key: string) => {
    const value = values.get(key);
    if (value === undefined) return;
    octets -= value.octets;
    values.delete(key);
  };
  return {
    get size() {
      return values.size;
    },
    get octets() {
      return octets;
    },
    get(key) {
      const value = values.get(key);
      if (value !== undefined) {
        values.delete(key);
        values.set(key, value);
      }
      return value;
    },
    set(key, value) {
      remove(key);
      values.set(key, value);
      octets += value.octets;
      while (values.size > maxEntries || octets > maxOctets) {
        const { value, done } = oldest.next();
        if (done) oldest = values.keys();
        else {
          remove(value);
          onEvict();
        }
      }
    },
    delete: remove,
  };
}
