import { EdnsOption, type Question, Rcode, type Sections } from '../../dns/message.ts';
import type { ResourceRecord } from '../../dns/rr.ts';
import { encodeName } from '../../dns/wire/encode.ts';
import { Packed } from '../../dns/wire/packed.ts';
import type { Cell } from '../../observe/metrics.ts';
import type { Query } from '../../plugin/query.ts';
import { Epoch } from '../../plugin/repeat.ts';
import { alterReply, createReply, type Reply, recordsOf, replyWith, withTtls } from '../../plugin/reply.ts';
import type { Kind } from './classify.ts';
import type { KindOptions } from './options.ts';
import { pack, sizeOf, unpack } from './packed.ts';

/** A reply that is kept. */
export interface Entry extends Pick<Reply, 'rcode' | 'aa' | 'ra' | 'ad'> {
  readonly fixedFlags: Reply['fixedFlags'] | undefined;
  readonly kind: Kind;
  /** Its records, with the TTLs at the time when it was stored; empty once `records` is set. */
  packed: string;
  /** The same records since the first query, unless they must be decoded, which would take more memory than is counted. */
  records: Packed | undefined;
  /** On the clock's monotonic scale. */
  readonly storedMs: number;
  /** How long the entry is fresh, in seconds: the smallest TTL of its records. */
  readonly ttl: number;
  /** About how much memory it takes. */
  readonly octets: number;
  /** How many queries it has answered, also by repetition of a response; the counter is made on demand. */
  served: Cell | undefined;
  /** {@link served} when the cache was last asked for the entry, or looked for one to remove. */
  seen: number;
  /** For prefetching: how many queries it has answered of late, and when the last one came. */
  hits: number;
  lastHitMs: number;
  /** Whether it was fetched again before its end, which is tried once. */
  prefetched: boolean;
  /** No refresh before this time, since the last one failed. */
  recheckMs: number;
  /** Moves when another reply takes its place; it is made on demand. */
  epoch: Epoch | undefined;
  /** The counters that a repetition moves; made on demand. */
  again: readonly Cell[] | undefined;
}

/** RFC 8914 §4.4, §4.20, §4.14 */
const EDE = { staleAnswer: 3, cachedError: 13, staleNxdomain: 19 } as const;

/** The reply with every TTL within the limits. */
export function limitTtls(reply: Reply, kind: Kind, { minTtl, maxTtl }: TtlLimits): Reply {
  return withTtls(reply, (ttl, negative) => limit(kind === 'denial' ? negative : ttl, minTtl, maxTtl));
}

/** Makes an entry from a reply whose TTLs are within the limits; undefined if it is too large. */
export function createEntry(
  kind: Kind,
  reply: Reply,
  question: Question,
  ttl: number,
  { minTtl, maxTtl }: TtlLimits,
  nowMs: number,
): Entry | undefined {
  const packed = pack(recordsOf(reply), question);
  if (packed === undefined) return undefined;
  const { rcode, aa, ra, ad, fixedFlags } = reply;
  return entryFrom({ kind, rcode, aa, ra, ad, fixedFlags, ttl: limit(ttl, minTtl, maxTtl) }, packed, nowMs);
}

/** What an entry says, beside its records. */
export type SavedReply = Pick<Entry, 'kind' | 'rcode' | 'aa' | 'ra' | 'ad' | 'fixedFlags' | 'ttl'>;

/** An entry for records of {@link packedOf}, which was stored at this time, on the clock's monotonic scale. */
export function entryFrom(said: SavedReply, packed: string, nowMs: number): Entry {
  // V8 stores a whole number in the object, and allocates memory for a fraction.
  const storedMs = Math.floor(nowMs);
  return {
    kind: said.kind,
    rcode: said.rcode,
    aa: said.aa,
    ra: said.ra,
    ad: said.ad,
    fixedFlags: said.fixedFlags,
    packed,
    records: undefined,
    storedMs,
    ttl: said.ttl,
    octets: sizeOf(packed),
    served: undefined,
    seen: 0,
    hits: 0,
    lastHitMs: storedMs,
    prefetched: false,
    recheckMs: storedMs,
    epoch: undefined,
    again: undefined,
  };
}

type TtlLimits = Pick<KindOptions, 'minTtl' | 'maxTtl'>;

function limit(ttl: number, minTtl: number, maxTtl: number): number {
  return Math.min(Math.max(ttl, minTtl), maxTtl);
}

/** How many whole seconds the entry stays fresh; 0 or less once it is stale. */
export function remainingTtl(entry: Entry, nowMs: number): number {
  return entry.ttl - Math.floor((nowMs - entry.storedMs) / 1000);
}

/** The reply to a query from a fresh entry; with `keepTtl` the TTLs do not count down. */
export function freshReply(entry: Entry, query: Query, nowMs: number, keepTtl: boolean): Reply {
  const age = keepTtl ? 0 : Math.floor((nowMs - entry.storedMs) / 1000);
  const error = { code: EdnsOption.EDE, data: Uint8Array.of(0, EDE.cachedError) };
  // A failure has a fixed time, whatever TTLs its records have.
  const reply = present(entry, query, (ttl) => Math.max(0, ttl - age));
  return entry.kind === 'failure' ? alterReply(reply, { ednsOptions: [error] }) : reply;
}

/** The fresh reply, which the memo may repeat until the entry's end. Failures are rare, and not repeated. */
export function repeatable(
  reply: Reply,
  entry: Entry,
  nowMs: number,
  keepTtl: boolean,
  again: readonly Cell[],
  flushed: Epoch,
): Reply {
  if (entry.kind === 'failure') return reply;
  entry.epoch ??= new Epoch();
  entry.again ??= [...again, servedOf(entry)];
  const endMs = entry.storedMs + entry.ttl * 1000;
  const nextMs = entry.storedMs + (Math.floor((nowMs - entry.storedMs) / 1000) + 1) * 1000;
  const repeat = { epochs: [entry.epoch, flushed], untilMs: keepTtl ? endMs : nextMs, again: entry.again };
  const countdown = keepTtl ? undefined : { records: recordsOf(reply), nextMs, untilMs: endMs };
  return alterReply(reply, { repeat: { ...repeat, countdown } });
}

/** Counts a query that was answered from the entry. */
export function countServed(entry: Entry): void {
  entry.seen = ++servedOf(entry).value;
}

/** Whether its reply was repeated since the cache was last asked for it, or since the last call. */
export function wasRepeated(entry: Entry): boolean {
  const served = entry.served?.value ?? 0;
  const was = served !== entry.seen;
  entry.seen = served;
  return was;
}

/** The counter of the queries that an entry has answered. */
export function servedOf(entry: Entry): Cell {
  entry.served ??= { value: 0 };
  return entry.served;
}

/** The records of an entry, with the TTLs at the time when it was stored. */
export function packedOf(entry: Entry): string {
  return entry.packed === '' ? entry.records!.octets.toString('latin1') : entry.packed;
}

/** The records of an entry, with the TTLs that a client gets now. */
export function presentRecords(entry: Entry, nowMs: number, keepTtl: boolean, staleTtl: number): Sections {
  const { answer, authority, additional } = unpack(packedOf(entry));
  const age = keepTtl ? 0 : Math.floor((nowMs - entry.storedMs) / 1000);
  const isFresh = remainingTtl(entry, nowMs) > 0;
  const aged = (record: ResourceRecord) => ({ ...record, ttl: isFresh ? Math.max(0, record.ttl - age) : staleTtl });
  return { answer: answer.map(aged), authority: authority.map(aged), additional: additional.map(aged) };
}

/** The reply to a query from an expired entry; all TTLs are `ttl`. */
export function staleReply(entry: Entry, query: Query, ttl: number): Reply {
  const info = entry.rcode === Rcode.NXDOMAIN ? EDE.staleNxdomain : EDE.staleAnswer;
  const ednsOptions = [{ code: EdnsOption.EDE, data: Uint8Array.of(0, info) }];
  return alterReply(
    present(entry, query, () => ttl),
    { ednsOptions },
  );
}

function present(stored: Entry, query: Query, ttlOf: (ttl: number) => number): Reply {
  const { question } = query;
  const said = {
    rcode: stored.rcode,
    // glibc and Go would take NODATA without AA and RA for that of a lame server.
    aa: stored.aa || (!stored.ra && isAnswer(stored)),
    ra: stored.ra,
    ad: stored.ad && wantsAd(query),
    ...(stored.fixedFlags && { fixedFlags: stored.fixedFlags }),
  };
  const records = recordsOfEntry(stored);
  if (records instanceof Packed) {
    const octets = records.withTtls(ttlOf, encodeName(question.name));
    return replyWith('cache', said, octets);
  }
  const aged = (record: ResourceRecord): ResourceRecord => ({ ...record, ttl: ttlOf(record.ttl) });
  const { answer, authority, additional } = records;
  return createReply('cache', {
    ...said,
    answer: answer.map(aged),
    authority: authority.map(aged),
    additional: additional.map(aged),
  });
}

function recordsOfEntry(entry: Entry): Sections {
  if (entry.records) return entry.records;
  const records = unpack(entry.packed);
  if (!(records instanceof Packed)) return records;
  entry.records = records;
  entry.packed = '';
  return records;
}

/** Whether a reply is an answer or a negative reply, rather than a failure. */
export function isAnswer({ rcode }: Pick<Reply, 'rcode'>): boolean {
  return rcode === Rcode.NOERROR || rcode === Rcode.NXDOMAIN;
}

/** RFC 6840 §5.7: AD is for clients that set AD or DO. */
export function wantsAd({ message, edns }: Query): boolean {
  return message.ad || edns?.do === true;
}
