import type { Explanation } from '../resolver/index.ts';

/** What the matchers take from a pod, under a key that all copies of this module share. */
export const OBSERVED = Symbol.for('cairn-dns.pod');

/** A pod's name, as {@link AskedQuery.pod}, and a way to hear of its lookups. */
export interface ObservedPod {
  readonly name: string;
  /** The result ends it. */
  watch(listener: (explanation: Explanation) => void): () => void;
}

/** Tells the lookups of pods that have ended. */
export interface LookupWatch {
  tell(pod: string, explanation: Explanation): void;
  observed(pod: string): ObservedPod;
}

export function createLookupWatch(): LookupWatch {
  const listeners = new Set<{ readonly pod: string; readonly hear: (explanation: Explanation) => void }>();
  return {
    tell(pod, explanation) {
      for (const listener of listeners) if (listener.pod === pod) listener.hear(explanation);
    },
    observed: (pod) => ({
      name: pod,
      watch(hear) {
        const listener = { pod, hear };
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    }),
  };
}
