/**
 * A map of few values that come and go all the time, such as what is under way.
 *
 * The values stand in an array, and a Map says where. A Map alone gets another table every few dozen changes, and as the old
 * one is garbage among the old, V8's collector of young objects takes what stands in it for used: it makes all of that old, too.
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

  /** A copy, so that values may go meanwhile; in no order that means anything. */
  values(): V[] {
    return this.slots.filter((value) => value !== undefined);
  }
}
