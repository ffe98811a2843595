/** Places in the shared table; epochs that have one in common move together, which costs some replies their repetition and no truth. */
export const EPOCH_SLOTS = 65_536;

/** What other threads see of the epochs: a counter in each place, which nobody but the main thread moves. */
let shared: Int32Array | undefined;
let nextSlot = 0;

/**
 * A counter that its owner moves whenever something that replies were made from changes.
 *
 * Its place in the shared table moves with it, so that other threads learn of the change before {@link move} returns.
 */
export class Epoch {
  /** Its place in the shared table. Places are given out in turn and never given back. */
  readonly slot: number = nextSlot++ % EPOCH_SLOTS;
  private count = 0;

  get value(): number {
    return this.count;
  }

  /** What other threads compare: the value of the epoch's place. 0 before {@link shareEpochs}. */
  get sharedValue(): number {
    return shared ? Atomics.load(shared, this.slot) : 0;
  }

  move(): void {
    this.count++;
    if (shared) Atomics.add(shared, this.slot, 1);
  }
}

/** The table for {@link haveMoved} in other threads; until the first call there is none, and moving an epoch costs nothing more. */
export function shareEpochs(): Int32Array {
  shared ??= new Int32Array(new SharedArrayBuffer(EPOCH_SLOTS * Int32Array.BYTES_PER_ELEMENT));
  return shared;
}

/** Whether one of the places in the table no longer has the value that it had. */
export function haveMoved(table: Int32Array, slots: readonly number[], values: readonly number[]): boolean {
  for (let i = 0; i < slots.length; i++) if (Atomics.load(table, slots[i]!) !== values[i]) return true;
  return false;
}
