/**
 * A map of few values that are added and removed all the time, such as queries in flight.
 *
 * The values are in an array, and a Map holds their positions. V8 gives a Map a new table every few dozen changes. An old table is garbage in the old
 * generation, so the collector of young objects keeps all values in it, and they become old, too.
 */
export class TransientMap<K, V extends object> {
  private readonly slots: (V | undefined)[] = [];
  private readonly free: number[] = [];
  private readonly slotOf = new Map<K, number>();

  get size(): number {
    return this.slotOf.size;
  }

  get(key: K): V | undefined {
    const slot = this.slotOf.get(key);
    return slot === undefined ? undefined : this.slots[slot];
  }

  set(key: K, value: V): void {
    const slot = this.slotOf.get(key) ?? this.free.pop() ?? this.slots.length;
    this.slots[slot] = value;
    this.slotOf.set(key, slot);
  }

  delete(key: K): boolean {
    const slot = this.slotOf.get(key);
    if (slot === undefined) return false;
    this.slotOf.delete(key);
    this.slots[slot] = undefined;
    this.free.push(slot);
    return true;
  }

  /** A copy, so that values may be removed meanwhile. The order has no meaning. */
  values(): V[] {
    return this.slots.filter((value) => value !== undefined);
  }
}
