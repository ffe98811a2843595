import type { Query } from '../../plugin/query.ts';
import type { Kind } from './classify.ts';
import { type Entry, remainingTtl } from './entry.ts';
import type { CacheOptions, KindOptions } from './options.ts';
import { createTable, type Table } from './table.ts';

/** How much memory the entries of one kind may take, about, in each cache. */
export const MAX_OCTETS = 32 * 1024 * 1024;

/** What is known for one question. */
export interface Known {
  /** The reply to give, fresh or stale. */
  readonly answer: Entry | undefined;
  /** A failure of so late that nobody should be asked again (RFC 9520 §3.2). */
  readonly failure: Entry | undefined;
  /** Whether upstreams have denied so lately what a stale answer says that it need not be refreshed. */
  readonly settled: boolean;
}

/** Failures stand with the denials. */
export type TableName = 'success' | 'denial';

export function tableOf(kind: Kind): TableName {
  return kind === 'success' ? 'success' : 'denial';
}

export interface Store {
  lookup(key: string, nowMs: number): Known;
  store(key: string, entry: Entry): void;
  /** The entries in either table, and how much memory they take. */
  readonly tables: { readonly [T in TableName]: Pick<Table<Entry>, 'size' | 'octets'> };
  /** Called for each entry that had to make room; set anew when a reload takes the store over. */
  onEvict: (table: TableName) => void;
}

/**
 * Keeps at most one answer for a key, the newest, and beside it at most one failure, which never replaces an answer.
 *
 * Only where positive answers go before denials, both are kept.
 */
export function createStore({ success, denial, preferPositive, stale }: CacheOptions): Store {
  const tableFor = (name: TableName, { capacity }: KindOptions) =>
    createTable<Entry>({ maxEntries: capacity, maxOctets: MAX_OCTETS, onEvict: () => store.onEvict(name) });
  const positives = tableFor('success', success);
  const denials = tableFor('denial', denial);
  const staleForMs = stale?.forMs ?? 0;
  const isFresh = (entry: Entry | undefined, nowMs: number) => entry !== undefined && remainingTtl(entry, nowMs) > 0;
  const usable = (entry: Entry | undefined, nowMs: number) =>
    isFresh(entry, nowMs) || (entry && nowMs < entry.storedMs + entry.ttl * 1000 + staleForMs) ? entry : undefined;
  const store: Store = {
    lookup(key, nowMs) {
      const positive = positives.get(key);
      if (isFresh(positive, nowMs)) return { answer: positive, failure: undefined, settled: true };
      if (denials.size === 0) return { answer: usable(positive, nowMs), failure: undefined, settled: false };
      const negative = positive && !preferPositive ? undefined : denials.get(key);
      const failure = denials.get(failureKey(key));
      return {
        answer: usable(positive, nowMs) ?? usable(negative, nowMs),
        failure: isFresh(failure, nowMs) ? failure : undefined,
        settled: isFresh(negative, nowMs),
      };
    },
    store(key, entry) {
      if (entry.kind === 'failure') {
        denials.set(failureKey(key), entry);
        return;
      }
      if (denials.size > 0) denials.delete(failureKey(key));
      if (entry.kind === 'denial') {
        denials.set(key, entry);
        if (!preferPositive) positives.delete(key);
      } else {
        positives.set(key, entry);
        denials.delete(key);
      }
    },
    tables: { success: positives, denial: denials },
    onEvict: () => {},
  };
  return store;
}

const failureKey = (key: string) => `!${key}`;

/** What makes two questions the same to the cache: name, type, class, DO, CD, and RD, without which upstreams say less. */
export function keyOf({ name, type, class: qclass, edns, message }: Query): string {
  const flags = (edns?.do ? 1 : 0) | (message.cd ? 2 : 0) | (message.rd ? 4 : 0);
  return String.fromCharCode(flags, type, qclass) + name;
}
