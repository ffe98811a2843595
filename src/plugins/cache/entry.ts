import { EdnsOption, Rcode } from '../../dns/message.ts';
import type { ResourceRecord } from '../../dns/rr.ts';
import type { Cell } from '../../observe/metrics.ts';
import type { Query } from '../../plugin/query.ts';
import { Epoch, type Repeat } from '../../plugin/repeat.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import { type Kind, negativeRecordTtl } from './classify.ts';
import type { KindOptions } from './options.ts';
import { sizeOf } from './size.ts';

/** A reply that is kept. */
export interface Entry {
  readonly kind: Kind;
  /** The reply with its TTLs as they were when it was stored. */
  readonly reply: Reply;
  /** On the clock's monotonic scale. */
  readonly storedMs: number;
  /** How long the whole is fresh, in seconds: no record has less. */
  readonly ttl: number;
  /** About how much memory it takes. */
  readonly octets: number;
  /** The queries that it answered, for prefetching: how many, and when the last one came. */
  hits: number;
  lastHitMs: number;
  /** Whether it has been fetched again before its end: that is tried once. */
  prefetched: boolean;
  /** No refresh before this time: the last one failed. */
  recheckMs: number;
  /** Moves when another reply takes the entry's place; there is none before somebody wants to know. */
  epoch: Epoch | undefined;
}

/** RFC 8914 §4.4, §4.20, §4.14 */
const EDE = { staleAnswer: 3, cachedError: 13, staleNxdomain: 19 } as const;

/** Takes a reply in, every TTL of it within the limits. */
export function createEntry(
  kind: Kind,
  reply: Reply,
  ttl: number,
  { minTtl, maxTtl }: Pick<KindOptions, 'minTtl' | 'maxTtl'>,
  nowMs: number,
): Entry {
  const limit = (value: number) => Math.min(Math.max(value, minTtl), maxTtl);
  const ttlOf = kind === 'denial' ? negativeRecordTtl : ({ ttl }: ResourceRecord) => ttl;
  const limited = (record: ResourceRecord) => ({ ...record, ttl: limit(ttlOf(record)) });
  return {
    kind,
    reply: {
      ...reply,
      answer: reply.answer.map(limited),
      authority: reply.authority.map(limited),
      additional: reply.additional.map(limited),
    },
    storedMs: nowMs,
    ttl: limit(ttl),
    octets: sizeOf(reply),
    ...{ hits: 0, lastHitMs: nowMs, prefetched: false, recheckMs: nowMs, epoch: undefined },
  };
}

/** How many whole seconds the entry stays fresh; 0 or less once it is stale. */
export function remainingTtl(entry: Entry, nowMs: number): number {
  return entry.ttl - Math.floor((nowMs - entry.storedMs) / 1000);
}

/** The reply to a query that the entry answers while it is fresh; with `keepTtl` its TTLs do not run down. */
export function freshReply(entry: Entry, query: Query, nowMs: number, keepTtl: boolean): Reply {
  const age = keepTtl ? 0 : Math.floor((nowMs - entry.storedMs) / 1000);
  const error = { code: EdnsOption.EDE, data: Uint8Array.of(0, EDE.cachedError) };
  const reply = present(entry.reply, query, (ttl) => ttl - age);
  return entry.kind === 'failure' ? { ...reply, ednsOptions: [error] } : reply;
}

/**
 * Until when the fresh reply may be given again as it is: the next second counts its TTLs down. Failures are not repeated,
 * as they are rare.
 */
export function repeatOf(entry: Entry, nowMs: number, keepTtl: boolean, again: readonly Cell[]): Repeat | undefined {
  if (entry.kind === 'failure') return undefined;
  const ageSeconds = keepTtl ? entry.ttl : Math.floor((nowMs - entry.storedMs) / 1000) + 1;
  entry.epoch ??= new Epoch();
  return { epochs: [entry.epoch], untilMs: entry.storedMs + ageSeconds * 1000, again };
}

/** The reply to a query that the entry answers though it is no longer fresh; all TTLs are `ttl`. */
export function staleReply(entry: Entry, query: Query, ttl: number): Reply {
  const info = entry.reply.rcode === Rcode.NXDOMAIN ? EDE.staleNxdomain : EDE.staleAnswer;
  const ednsOptions = [{ code: EdnsOption.EDE, data: Uint8Array.of(0, info) }];
  return { ...present(entry.reply, query, () => ttl), ednsOptions };
}

function present(stored: Reply, query: Query, ttlOf: (ttl: number) => number): Reply {
  const { question, name } = query;
  const aged = (record: ResourceRecord): ResourceRecord => ({ ...record, ttl: ttlOf(record.ttl) });
  // Records of the name that was asked for bear it as this client spelled it.
  const spelled = (record: ResourceRecord): ResourceRecord => ({
    ...record,
    name: record.name.toLowerCase() === name ? question.name : record.name,
    ttl: ttlOf(record.ttl),
  });
  return createReply('cache', {
    rcode: stored.rcode,
    // A NODATA without AA and RA would look like a lame server's to glibc and Go.
    aa: stored.aa || (!stored.ra && isAnswer(stored)),
    ra: stored.ra,
    ad: stored.ad && wantsAd(query),
    ...(stored.fixedFlags && { fixedFlags: stored.fixedFlags }),
    answer: stored.answer.map(spelled),
    authority: stored.authority.map(aged),
    additional: stored.additional.map(aged),
  });
}

/** Whether a reply says what is, rather than that nobody could tell. */
export function isAnswer({ rcode }: Reply): boolean {
  return rcode === Rcode.NOERROR || rcode === Rcode.NXDOMAIN;
}

/** RFC 6840 §5.7: AD is for clients that set AD or DO. */
export function wantsAd({ message, edns }: Query): boolean {
  return message.ad || edns?.do === true;
}
