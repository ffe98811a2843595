import { Epoch } from '../base/epoch.ts';
import { foldName, type Name } from '../dns/name.ts';
import { DNAME, NS } from '../dns/rr.ts';
import type { Difference } from './differences.ts';

/** Epochs of names of a zone, for replies that depend on the records of few names only. */
export class NameEpochs {
  /** Only of names that were asked for since the zone last changed as a whole. */
  private readonly epochs = new Map<Name, Epoch>();

  of(name: Name): Epoch {
    let epoch = this.epochs.get(name);
    if (!epoch) {
      epoch = new Epoch();
      this.epochs.set(name, epoch);
    }
    return epoch;
  }

  moveAll(): void {
    for (const epoch of this.epochs.values()) epoch.move();
    this.epochs.clear();
  }

  /** Moves the epochs of the names in the differences; all of them after a change of delegations, on which other names depend, too. */
  moveIn(differences: readonly Difference[]): void {
    for (const { deleted, added } of differences) {
      for (const { name, type } of [...deleted, ...added]) {
        if (type === NS.code || type === DNAME.code) {
          this.moveAll();
          return;
        }
        const folded = foldName(name);
        this.epochs.get(folded)?.move();
        this.epochs.delete(folded);
      }
    }
  }
}
