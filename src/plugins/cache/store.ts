import type { Edns } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { addedOptions } from '../../plugin/edns-options.ts';
import type { Query } from '../../plugin/query.ts';
import { Epoch } from '../../plugin/repeat.ts';
import type { Kind } from './classify.ts';
import { type Entry, remainingTtl, wasRepeated } from './entry.ts';
import type { CacheOptions, KindOptions } from './options.ts';
import { createTable, type Table } from './table.ts';

/** The limit of the estimated memory for the entries of one kind in each cache. */
export const MAX_OCTETS = 32 * 1024 * 1024;

/** What is known for one question. */
export interface Known {
  /** The reply, fresh or stale. */
  readonly answer: Entry | undefined;
  /** A recent failure, after which upstreams should not be asked again yet (RFC 9520 §3.2). */
  readonly failure: Entry | undefined;
  /** Whether a fresh negative reply contradicts the stale answer, which then is not refreshed. */
  readonly settled: boolean;
}

/** What the key of an entry says of the queries that it answers. */
export interface Kept {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  /** Beside these, such as `DO`. */
  readonly flags: readonly string[];
}

/** Failures are kept in the table of negative replies. */
type TableName = 'success' | 'denial';

export function tableOf(kind: Kind): TableName {
  return kind === 'success' ? 'success' : 'denial';
}

export interface Store {
  /** What is known of a question, by its key, and of a failed attempt, by the key of the attempt. With `peeks`, it counts as no use of the entries. */
  lookup(key: string, attempt: string, nowMs: number, peeks?: boolean): Known;
  store(key: string, entry: Entry): void;
  /** All entries with their keys, also those that are of no use any more. */
  all(): Iterable<readonly [string, Entry]>;
  /** The replies for a folded name, fresh and stale, and the kept failures, with what is known of the queries that they answer. */
  find(name: Name): readonly (readonly [Kept, Entry])[];
  /** Forgets the replies that `isMeant` says of folded names. Returns how many there were. */
  flush(isMeant: (name: Name) => boolean): number;
  /** Moves with each flush: a reply that was fetched before must not be kept, and none of the cache be repeated. */
  readonly flushed: Epoch;
  /** The entries in either table, and how much memory they take. */
  readonly tables: { readonly [T in TableName]: Pick<Table<Entry>, 'size' | 'octets'> };
  /** Called for each entry that is removed to make room. A reload that keeps the store sets it again. */
  onEvict: (table: TableName) => void;
  /** Called for each entry that is stored, and each flush. */
  onChange: () => void;
}

/**
 * Keeps at most one reply for a question, the newest, and failures of attempts, which never replace a reply.
 *
 * If positive replies are preferred to negative ones, it keeps both.
 */
export function createStore({ success, denial, preferPositive, stale }: CacheOptions): Store {
  const tableFor = (name: TableName, { capacity }: KindOptions) =>
    createTable<Entry>({
      ...{ maxEntries: capacity, maxOctets: MAX_OCTETS, wasUsed: wasRepeated },
      onEvict: () => store.onEvict(name),
    });
  const positives = tableFor('success', success);
  const denials = tableFor('denial', denial);
  const staleForMs = stale?.forMs ?? 0;
  const isFresh = (entry: Entry | undefined, nowMs: number) => entry !== undefined && remainingTtl(entry, nowMs) > 0;
  const usable = (entry: Entry | undefined, nowMs: number) =>
    isFresh(entry, nowMs) || (entry && nowMs < entry.storedMs + entry.ttl * 1000 + staleForMs) ? entry : undefined;
  const store: Store = {
    lookup(key, attempt, nowMs, peeks = false) {
      const read = peeks ? 'peek' : 'get';
      const positive = positives[read](key);
      if (isFresh(positive, nowMs)) return { answer: positive, failure: undefined, settled: true };
      if (denials.size === 0) return { answer: usable(positive, nowMs), failure: undefined, settled: false };
      const negative = positive && !preferPositive ? undefined : denials[read](key);
      const failure = denials[read](attempt);
      return {
        answer: usable(positive, nowMs) ?? usable(negative, nowMs),
        failure: isFresh(failure, nowMs) ? failure : undefined,
        settled: isFresh(negative, nowMs),
      };
    },
    store(key, entry) {
      store.onChange();
      // What the memo repeats is no longer the newest. Failures have keys of their own, and are not repeated.
      for (const table of [positives, denials]) table.peek(key)?.epoch?.move();
      if (entry.kind === 'failure') denials.set(key, entry);
      else if (entry.kind === 'denial') {
        denials.set(key, entry);
        if (!preferPositive) positives.delete(key);
      } else {
        positives.set(key, entry);
        denials.delete(key);
      }
    },
    *all() {
      for (const table of [positives, denials]) yield* table.entries();
    },
    find(name) {
      const found: (readonly [Kept, Entry])[] = [];
      for (const [key, entry] of store.all()) if (nameOf(key) === name) found.push([readKey(key), entry]);
      return found;
    },
    flush(isMeant) {
      let count = 0;
      for (const table of [positives, denials]) {
        for (const [key] of table.entries()) {
          if (!isMeant(nameOf(key))) continue;
          table.delete(key);
          count++;
        }
      }
      store.flushed.move();
      store.onChange();
      return count;
    },
    flushed: new Epoch(),
    tables: { success: positives, denial: denials },
    onEvict: () => {},
    onChange: () => {},
  };
  return store;
}

/**
 * The key of a question, with all that a shared reply may depend on: name, type, class, DO, CD, RD, and the options that the Corefile adds. Upstreams
 * get nothing else of the client's query.
 */
export function keyOf(query: Query): string {
  const { name, type, class: qclass, edns, message } = query;
  const flags = (edns?.do ? DO : 0) | (message.cd ? CD : 0) | (message.rd ? RD : 0);
  const options = addedOptions(query);
  if (options.length === 0) return String.fromCharCode(flags, type, qclass) + name;
  const text = options.map(textOf).join('');
  return String.fromCharCode(flags | HAS_OPTIONS, type, qclass, text.length) + text + name;
}

const DO = 1;
const CD = 2;
const RD = 4;
const HAS_OPTIONS = 8;
/** Keys of attempts begin with this number or more, and keys of questions never do. */
const ATTEMPTS = 16;

function textOf({ code, data }: Edns['options'][number]): string {
  return String.fromCharCode(code, data.length) + Buffer.from(data).toString('latin1');
}

/**
 * The key of an attempt to answer a question. Attempts with equal keys share one query and its failure. It includes the protocol, as upstreams may be
 * unreachable over only one, and the depth of lookups. An attempt waits only for deeper ones, so it never waits for itself.
 */
export function attemptKey({ protocol, depth }: Query, key: string): string {
  return String.fromCharCode(ATTEMPTS + 2 * depth + (protocol === 'tcp' ? 1 : 0)) + key;
}

/** The name in the key of a question or of an attempt. */
function nameOf(key: string): Name {
  const flagsAt = key.charCodeAt(0) >= ATTEMPTS ? 1 : 0;
  const hasOptions = (key.charCodeAt(flagsAt) & HAS_OPTIONS) !== 0;
  return key.slice(flagsAt + (hasOptions ? 4 + key.charCodeAt(flagsAt + 3) : 3));
}

/** What such a key says. */
function readKey(key: string): Kept {
  const attempt = key.charCodeAt(0) >= ATTEMPTS ? key.charCodeAt(0) - ATTEMPTS : undefined;
  const flagsAt = attempt === undefined ? 0 : 1;
  const [flags = 0, type = 0, queryClass = 0] = [0, 1, 2].map((i) => key.charCodeAt(flagsAt + i));
  const words = [
    flags & DO && 'DO',
    flags & CD && 'CD',
    !(flags & RD) && 'without RD',
    flags & HAS_OPTIONS && 'EDNS options of the Corefile',
    attempt !== undefined && `failure over ${attempt & 1 ? 'TCP' : 'UDP'}`,
    (attempt ?? 0) >> 1 > 0 && `lookup inside the server, depth ${(attempt ?? 0) >> 1}`,
  ];
  return {
    ...{ name: nameOf(key), type, class: queryClass },
    flags: words.filter((word) => typeof word === 'string'),
  };
}
