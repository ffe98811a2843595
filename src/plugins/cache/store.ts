import type { Edns } from '../../dns/message.ts';
import { addedOptions } from '../../plugin/edns-options.ts';
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
type TableName = 'success' | 'denial';

export function tableOf(kind: Kind): TableName {
  return kind === 'success' ? 'success' : 'denial';
}

export interface Store {
  /** What is known under the key of a question, and that an attempt to find out has failed under the key of the attempt. */
  lookup(key: string, attempt: string, nowMs: number): Known;
  store(key: string, entry: Entry): void;
  /** The entries in either table, and how much memory they take. */
  readonly tables: { readonly [T in TableName]: Pick<Table<Entry>, 'size' | 'octets'> };
  /** Called for each entry that had to make room; set anew when a reload takes the store over. */
  onEvict: (table: TableName) => void;
}

/**
 * Keeps at most one answer for a question, the newest, and beside it the failures of attempts, which never replace an answer.
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
    lookup(key, attempt, nowMs) {
      const positive = positives.get(key);
      if (isFresh(positive, nowMs)) return { answer: positive, failure: undefined, settled: true };
      if (denials.size === 0) return { answer: usable(positive, nowMs), failure: undefined, settled: false };
      const negative = positive && !preferPositive ? undefined : denials.get(key);
      const failure = denials.get(attempt);
      return {
        answer: usable(positive, nowMs) ?? usable(negative, nowMs),
        failure: isFresh(failure, nowMs) ? failure : undefined,
        settled: isFresh(negative, nowMs),
      };
    },
    store(key, entry) {
      if (entry.kind === 'failure') denials.set(key, entry);
      else if (entry.kind === 'denial') {
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

/**
 * What makes two questions the same to the cache, and all that an answer may depend on: name, type, class, DO, CD, RD, without
 * which upstreams say less, and the options that the Corefile adds. What else a client says does not reach upstreams.
 */
export function keyOf(query: Query): string {
  const { name, type, class: qclass, edns, message } = query;
  const flags = (edns?.do ? 1 : 0) | (message.cd ? 2 : 0) | (message.rd ? 4 : 0);
  const options = addedOptions(query);
  if (options.length === 0) return String.fromCharCode(flags, type, qclass) + name;
  const text = options.map(textOf).join('');
  return String.fromCharCode(flags | HAS_OPTIONS, type, qclass, text.length) + text + name;
}

const HAS_OPTIONS = 8;
/** No key of a question begins with this or more. */
const ATTEMPTS = 16;

function textOf({ code, data }: Edns['options'][number]): string {
  return String.fromCharCode(code, data.length) + Buffer.from(data).toString('latin1');
}

/**
 * What makes two attempts to answer a question the same, so that one may stand for the other, and what a failure depends on:
 * how upstreams are asked, which may be out of reach in one way only, and how deeply lookups nest. As an attempt waits
 * only for others that are nested more deeply, none ever waits for itself.
 */
export function attemptKey({ protocol, depth }: Query, key: string): string {
  return String.fromCharCode(ATTEMPTS + 2 * depth + (protocol === 'tcp' ? 1 : 0)) + key;
}
