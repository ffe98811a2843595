/** What readers of a map need. */
export interface Lookups<K, V> extends Iterable<readonly [K, V]> {
  get(key: K): V | undefined;
  has(key: K): boolean;
  keys(): Iterable<K>;
  values(): Iterable<V>;
}

/** At this share of the entries, the changes become part of another map: looking in two maps, and copying the changes for each version, costs more. */
const MAX_SHARE = 1 / 8;
const MIN_CHANGES = 256;

/** The map with changes: undefined for an entry that is gone. The map itself stays as it is, and only the changes are copied, or seldom all entries. */
export function withChanges<K, V>(map: Lookups<K, V>, changes: ReadonlyMap<K, V | undefined>): Lookups<K, V> {
  const [base, before] = map instanceof OverlayMap ? [map.base, map.changes] : [map as ReadonlyMap<K, V>, []];
  const overlay = new OverlayMap(base, new Map([...before, ...changes]));
  return overlay.changes.size > Math.max(MIN_CHANGES, base.size * MAX_SHARE) ? new Map(overlay) : overlay;
}

class OverlayMap<K, V> implements Lookups<K, V> {
  readonly base: ReadonlyMap<K, V>;
  readonly changes: ReadonlyMap<K, V | undefined>;

  constructor(base: ReadonlyMap<K, V>, changes: ReadonlyMap<K, V | undefined>) {
    this.base = base;
    this.changes = changes;
  }

  get(key: K): V | undefined {
    const changed = this.changes.get(key);
    return changed !== undefined || this.changes.has(key) ? changed : this.base.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  *keys(): Generator<K, void> {
    for (const [key] of this) yield key;
  }

  *values(): Generator<V, void> {
    for (const [, value] of this) yield value;
  }

  *[Symbol.iterator](): Generator<readonly [K, V], void> {
    for (const entry of this.base) if (!this.changes.has(entry[0])) yield entry;
    for (const [key, value] of this.changes) if (value !== undefined) yield [key, value];
  }
}
