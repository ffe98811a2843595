import type { CachedReply } from '../admin/protocol/index.ts';
import type { Name } from '../dns/name.ts';

/** The replies that a plugin keeps. */
export interface CacheView {
  /** What is kept for a (folded) name, for all types. It changes nothing, and counts as no query. */
  find(name: Name): readonly CachedReply[];
  /**
   * Forgets all replies that `isMeant` says of (folded) names, and returns how many there were. No query gets one of them afterwards, from wherever:
   * those under way are answered, but their replies are not kept.
   */
  flush(isMeant: (name: Name) => boolean): number;
}
