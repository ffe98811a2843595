/**
 * The number of slots in the shared table. Epochs that share a slot move together: some kept replies are then made again without need, but none is
 * wrong.
 */
export const EPOCH_SLOTS = 65_536;

/** What other threads see of the epochs: a counter for each slot. Only the main thread moves the counters. */
let shared: Int32Array | undefined;
let nextSlot = 0;

/**
 * A counter that its owner moves whenever something changes that replies were made from.
 *
 * Its slot in the shared table moves with it, so other threads see the change before {@link move} returns.
 */
export class Epoch {
  /** The slot in the shared table. Slots are assigned in turn and never freed. */
  readonly slot: number = nextSlot++ % EPOCH_SLOTS;
  private count = 0;

  get value(): number {
    return this.count;
  }

  /** The value of the epoch's slot, which other threads compare. 0 before {@link shareEpochs}. */
  get sharedValue(): number {
    return shared ? Atomics.load(shared, this.slot) : 0;
  }

  move(): void {
    this.count++;
    if (shared) Atomics.add(shared, this.slot, 1);
  }
}

/** The table for {@link haveMoved} in other threads. Before the first call there is no table, and moving an epoch costs no more than a counter. */
export function shareEpochs(): Int32Array {
  shared ??= new Int32Array(new SharedArrayBuffer(EPOCH_SLOTS * Int32Array.BYTES_PER_ELEMENT));
  return shared;
}

/** Whether one of the slots no longer has its earlier value. */
export function haveMoved(table: Int32Array, slots: readonly number[], values: readonly number[]): boolean {
  for (let i = 0; i < slots.length; i++) if (Atomics.load(table, slots[i]!) !== values[i]) return true;
  return false;
}
