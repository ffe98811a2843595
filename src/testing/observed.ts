import type { LookupWatch } from './traffic.ts';

/** What the matchers take from a pod, under a key that all copies of this module share. */
export const OBSERVED = Symbol.for('cairn-dns.pod');

/** A pod's name, as {@link AskedQuery.pod}, and a way to hear of its lookups. */
export interface ObservedPod {
  readonly name: string;
  watch(listener: Parameters<LookupWatch['watch']>[1]): () => void;
}
