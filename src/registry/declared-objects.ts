import { DECLARED_KINDS, type DeclaredKind, type DeclaredKinds } from './declared-records.ts';
import { Table } from './table.ts';

/** All records of some kinds. */
export type DeclaredSnapshot = { readonly [K in DeclaredKind]?: Iterable<DeclaredKinds[K]> };

/** The objects that declare host names outside of the cluster's zone, or networks of the cluster: a table for each kind. */
export class DeclaredObjects {
  private readonly tables: { readonly [K in DeclaredKind]: Table<DeclaredKinds[K]> };
  private readonly changed: () => void;

  /** `tell` is called with each changed record, and then `changed` once. */
  constructor(env: {
    tell<K extends DeclaredKind>(
      kind: K,
      before: DeclaredKinds[K] | undefined,
      after: DeclaredKinds[K] | undefined,
    ): void;
    changed(): void;
  }) {
    this.changed = env.changed;
    const table = <K extends DeclaredKind>(kind: K): Table<DeclaredKinds[K]> =>
      new Table({ replaced: (before, after) => env.tell(kind, before, after) });
    this.tables = Object.fromEntries(DECLARED_KINDS.map((kind) => [kind, table(kind)])) as never;
  }

  get<K extends DeclaredKind>(kind: K, namespace: string, name: string): DeclaredKinds[K] | undefined {
    return this.tables[kind].get(namespace, name);
  }

  all<K extends DeclaredKind>(kind: K): IterableIterator<DeclaredKinds[K]> {
    return this.tables[kind].values();
  }

  count(kind: DeclaredKind): number {
    return this.tables[kind].size;
  }

  set<K extends DeclaredKind>(kind: K, record: DeclaredKinds[K]): void {
    if (this.tables[kind].set(record)) this.changed();
  }

  delete(kind: DeclaredKind, namespace: string, name: string): void {
    if (this.tables[kind].delete(namespace, name)) this.changed();
  }

  /** Replaces the records of each given kind. Returns whether anything changed, without calling `changed`. */
  replaceAll(snapshot: DeclaredSnapshot): boolean {
    const replace = <K extends DeclaredKind>(kind: K) => {
      const records = snapshot[kind];
      return records !== undefined && this.tables[kind].replaceAll(records);
    };
    return DECLARED_KINDS.map(replace).includes(true);
  }
}
