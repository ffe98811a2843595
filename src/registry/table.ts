import { atOnce } from '../base/in-turns.ts';
import { isSame } from './records.ts';

/** The key of a record; kinds without a namespace leave it out. */
export interface Key {
  readonly namespace?: string;
  readonly name: string;
}

/** The indexes of a table, which are called for every record that is added or removed. */
interface Links<T> {
  link?(record: T): void;
  unlink?(record: T): void;
  /** Called with a record that replaces another, if that costs less than {@link unlink} and {@link link}. */
  relink?(before: T, after: T): void;
  /** Called last, with both records; one is undefined if a record was added or removed. */
  replaced?(before: T | undefined, after: T | undefined): void;
}

/** The records of one kind by namespace and name: two small lookups for each record, and no composite key. */
export class Table<T extends Key> {
  private readonly byNamespace: ByNamespace<T> = new Map();
  private readonly links: Links<T> | undefined;
  private count = 0;

  constructor(links?: Links<T>) {
    this.links = links;
  }

  get size(): number {
    return this.count;
  }

  get(namespace: string, name: string): T | undefined {
    return this.byNamespace.get(namespace)?.get(name);
  }

  *values(): IterableIterator<T> {
    for (const byName of this.byNamespace.values()) yield* byName.values();
  }

  /** Adds or replaces a record; false if there was an equal one. */
  set(record: T): boolean {
    const byName = namesIn(this.byNamespace, record.namespace);
    const old = byName.get(record.name);
    if (old !== undefined && isSame(old, record)) return false;
    byName.set(record.name, record);
    if (old === undefined) this.count++;
    this.relink(old, record);
    this.links?.replaced?.(old, record);
    return true;
  }

  private relink(before: T | undefined, after: T): void {
    if (before !== undefined && this.links?.relink) {
      this.links.relink(before, after);
      return;
    }
    if (before !== undefined) this.links?.unlink?.(before);
    this.links?.link?.(after);
  }

  /** False if there was none. */
  delete(namespace: string, name: string): boolean {
    const byName = this.byNamespace.get(namespace);
    const old = byName?.get(name);
    if (!byName || old === undefined) return false;
    byName.delete(name);
    if (byName.size === 0) this.byNamespace.delete(namespace);
    this.count--;
    this.links?.unlink?.(old);
    this.links?.replaced?.(old, undefined);
    return true;
  }

  /** Replaces all records, changing only those that differ; false if none did. Of two records with one key, the last counts. */
  replaceAll(records: Iterable<T>): boolean {
    let changed = false;
    for (const change of atOnce(this.changesTo(records))) changed = change() || changed;
    return changed;
  }

  /**
   * Finds what makes the table hold exactly these records, in steps: changes in the order in which they are to be made. What is new comes before what is
   * gone goes.
   *
   * @param groupOf records of one group change at once; by default each is alone
   */
  *changesTo(records: Iterable<T>, groupOf?: (record: T) => string): Generator<void, readonly TableChange[]> {
    const wanted: ByNamespace<T> = new Map();
    for (const record of records) namesIn(wanted, record.namespace).set(record.name, record);
    const changes: TableChange[] = [];
    const groups = new Map<string, T[]>();
    for (const [namespace, byName] of wanted) {
      for (const record of byName.values()) {
        yield;
        const old = this.get(namespace, record.name);
        if (old !== undefined && isSame(old, record)) continue;
        const group = groupOf?.(record);
        const others = group === undefined ? undefined : groups.get(group);
        if (others) {
          others.push(record);
          continue;
        }
        const together = [record];
        if (group !== undefined) groups.set(group, together);
        changes.push(() => together.map((each) => this.set(each)).includes(true));
      }
    }
    for (const [namespace, byName] of this.byNamespace) {
      for (const name of byName.keys()) {
        yield;
        if (!wanted.get(namespace)?.has(name)) changes.push(() => this.delete(namespace, name));
      }
    }
    return changes;
  }
}

/** Makes a change; false if there is nothing to do. */
export type TableChange = () => boolean;

/** Values by namespace and name. */
export type ByNamespace<T> = Map<string, Map<string, T>>;

/** The map of one namespace, which is added if it is new. */
export function namesIn<T>(byNamespace: ByNamespace<T>, namespace = ''): Map<string, T> {
  let byName = byNamespace.get(namespace);
  if (!byName) {
    byName = new Map();
    byNamespace.set(namespace, byName);
  }
  return byName;
}
