/** A map of bounded size that forgets what was not used for the longest time. Every operation takes constant time. */
export interface Table<V> {
  readonly size: number;
  /** The value, which is now the one used last. */
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

/** @param onEvict called for each value that had to make room. */
export function createTable<V>(capacity: number, onEvict: () => void): Table<V> {
  // A Map is iterated in order of insertion, so what is used moves to its end.
  const values = new Map<string, V>();
  return {
    get size() {
      return values.size;
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
      values.delete(key);
      values.set(key, value);
      if (values.size <= capacity) return;
      values.delete(values.keys().next().value!);
      onEvict();
    },
    delete(key) {
      values.delete(key);
    },
  };
}
