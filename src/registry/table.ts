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
    for (const isChange of this.replacing(records)) changed ||= isChange;
    return changed;
  }

  /** As {@link replaceAll}, in steps, each of which says whether it changed something. What is new comes before what is gone goes. */
  *replacing(records: Iterable<T>): Generator<boolean> {
    const wanted: ByNamespace<T> = new Map();
    for (const record of records) namesIn(wanted, record.namespace).set(record.name, record);
    for (const byName of wanted.values()) for (const record of byName.values()) yield this.set(record);
    for (const [namespace, byName] of this.byNamespace) {
      for (const name of byName.keys()) if (!wanted.get(namespace)?.has(name)) yield this.delete(namespace, name);
    }
  }
}

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
