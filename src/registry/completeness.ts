import type { RecordKinds } from './change.ts';
import { DECLARED_KINDS } from './declared-records.ts';

export type RecordKind = keyof RecordKinds;

/** Those of the cluster's zone first. */
export const RECORD_KINDS: readonly RecordKind[] = [
  ...(['namespace', 'service', 'slice', 'pod', 'import', 'imported-slice'] as const),
  ...DECLARED_KINDS,
];

/** What is known of a part of a registry. */
interface State {
  /** Why it is not complete; undefined if it is. */
  readonly gap: string | undefined;
  /** Whether it may be old, since its source has been out of reach for long. */
  readonly isStale: boolean;
}

const FIRST: State = { gap: 'the first load is not complete', isStale: false };
const GOOD: State = { gap: undefined, isStale: false };

/** How complete and how recent a registry is: the whole, and each kind of records that has a source of its own. */
export class Completeness {
  private readonly states = new Map<RecordKind | 'all', State>([['all', FIRST]]);
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  /** Why these kinds are not complete, or any if none are given; empty if they are. */
  gap(kinds?: readonly RecordKind[]): string {
    const gaps = this.of(kinds).flatMap(({ gap }) => gap ?? []);
    return [...new Set(gaps)].join('; ');
  }

  isStale(kinds?: readonly RecordKind[]): boolean {
    return this.of(kinds).some(({ isStale }) => isStale);
  }

  set(part: RecordKind | 'all', change: Partial<State>): void {
    const before = this.states.get(part) ?? GOOD;
    const after = { ...before, ...change };
    if (after.gap === before.gap && after.isStale === before.isStale) return;
    this.states.set(part, after);
    this.changed();
  }

  private of(kinds: readonly RecordKind[] | undefined): State[] {
    if (kinds === undefined) return [...this.states.values()];
    return ['all' as const, ...kinds].map((part) => this.states.get(part) ?? GOOD);
  }
}
