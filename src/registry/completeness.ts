import type { RecordKinds } from './change.ts';
import { DECLARED_KINDS } from './declared-records.ts';
import { isSame } from './records.ts';

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
  /** Whether that is because this server has no right to read it. */
  readonly isRefused: boolean;
  /** Whether it may be old, since its source has been out of reach for long. */
  readonly isStale: boolean;
}

const FIRST: State = { gap: 'the first load is not complete', isRefused: false, isStale: false };
const GOOD: State = { gap: undefined, isRefused: false, isStale: false };

/** How complete and how recent some kinds of records are. */
export interface Summary {
  /** Why they are not complete; empty if they are. */
  readonly gap: string;
  /** Whether missing records may still come. */
  readonly isPending: boolean;
  readonly isStale: boolean;
}

/** How complete and how recent a registry is: the whole, and each kind of records that has a source of its own. */
export class Completeness {
  private readonly states = new Map<RecordKind | 'all', State>([['all', FIRST]]);
  private readonly changed: () => void;
  private version = 0;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  /** The summary of some kinds, or of all. The result reads it; that costs little, as it is made anew only after a change. */
  summaryOf(kinds?: readonly RecordKind[]): () => Summary {
    let summary: Summary = { gap: '', isPending: false, isStale: false };
    let version = -1;
    return () => {
      if (version !== this.version) {
        summary = summarize(this.statesOf(kinds));
        version = this.version;
      }
      return summary;
    };
  }

  set(part: RecordKind | 'all', change: Partial<State>): void {
    const before = this.states.get(part) ?? GOOD;
    const after = { ...before, ...change };
    if (isSame(before, after)) return;
    this.states.set(part, after);
    this.version++;
    this.changed();
  }

  private statesOf(kinds: readonly RecordKind[] | undefined): State[] {
    if (kinds === undefined) return [...this.states.values()];
    return ['all' as const, ...kinds].map((part) => this.states.get(part) ?? GOOD);
  }
}

function summarize(states: readonly State[]): Summary {
  const gaps = new Set(states.flatMap(({ gap }) => gap ?? []));
  return {
    gap: [...gaps].join('; '),
    isPending: states.some(({ gap, isRefused }) => gap !== undefined && !isRefused),
    isStale: states.some(({ isStale }) => isStale),
  };
}
