import type { Epoch } from '../base/epoch.ts';
import { type Edns, type MessageFlags, Rcode, type Sections } from '../dns/message.ts';
import type { ResourceRecord } from '../dns/rr.ts';
import type { Counts, Heads, TtlOf } from '../dns/wire/heads.ts';
import { headsOf as headsOfRecords, Packed } from '../dns/wire/packed.ts';
import type { Cell } from '../observe/metrics.ts';

/**
 * The value that a plugin returns. The server adds what follows from the query: id, question, opcode, RD, CD and the OPT record.
 */
export interface Reply extends Sections {
  readonly rcode: number;
  readonly aa: boolean;
  readonly ra: boolean;
  readonly ad: boolean;
  readonly tc: boolean;
  /**
   * Records that follow those of `answer`, in as many messages as needed (RFC 5936 §2.2), over TCP only. Each is taken when the client has room for
   * it.
   */
  readonly following?: Iterable<ResourceRecord> | undefined;
  /** Flags that override those that follow from the query and the block. */
  readonly fixedFlags?: Partial<Pick<MessageFlags, 'aa' | 'ra' | 'rd'>> | undefined;
  /** Options to send to a client that speaks EDNS. */
  readonly ednsOptions?: Edns['options'] | undefined;
  /** The plugin that made the reply; empty for the server itself. */
  readonly source: string;
  /** Why the query failed, for the error log. */
  readonly error?: Error | undefined;
  /** Set if no cache may keep the reply: it holds only for this moment or this client, or is just as quickly made again. */
  readonly uncacheable?: true | undefined;
  /** Set if the reply may be given again to the same question. */
  readonly repeat?: Repeat | undefined;
  /** Set if the client must get no response at all. */
  readonly drop?: true | undefined;
}

/**
 * Says that a reply may be given again to the same question, as it is, without asking the plugins.
 *
 * The question includes DO, RD, AD and CD, but not the client. A reply that depends on the client or on chance has no such mark, and a plugin that
 * changes replies in such a way takes the mark off.
 */
export interface Repeat {
  /** The reply holds as long as none of these moves. */
  readonly epochs: readonly Epoch[];
  /** The reply holds until this time on the clock's monotonic scale. */
  readonly untilMs: number;
  /** Says how its records go on to hold after that. */
  readonly countdown?: Countdown | undefined;
  /** The counters that each repetition moves by one, perhaps a moment later. */
  readonly again: readonly Cell[];
  /** Whether each repetition gives the addresses of the answer in another random order. */
  readonly shuffled?: boolean;
  /** Whether all names that end as the qname does get the letter case of the client's question. */
  readonly caseAsAsked?: boolean;
}

/**
 * Records whose TTLs become smaller by one each second. They hold only as they are: in a reply with other records, this means nothing. A plugin that has
 * looked at the TTLs and leaves them takes this out of the reply.
 */
export interface Countdown {
  readonly records: Sections;
  /** When the TTLs become smaller for the first time, on the clock's monotonic scale. */
  readonly nextMs: number;
  /** When the records no longer hold. */
  readonly untilMs: number;
}

/** With every property present, even if it is undefined. */
type WholeReply = { readonly [P in keyof Required<Reply>]: Reply[P] };

const EMPTY: readonly ResourceRecord[] = [];

/** A reply with these parts; the rest is empty: NOERROR, no flags, no records. */
export function createReply(source: string, parts: Partial<Reply> = {}): WholeReply {
  // Always in the same order, so that all replies have one shape in V8.
  return {
    rcode: parts.rcode ?? Rcode.NOERROR,
    aa: parts.aa ?? false,
    ra: parts.ra ?? false,
    ad: parts.ad ?? false,
    tc: parts.tc ?? false,
    answer: parts.answer ?? EMPTY,
    authority: parts.authority ?? EMPTY,
    additional: parts.additional ?? EMPTY,
    following: parts.following,
    fixedFlags: parts.fixedFlags,
    ednsOptions: parts.ednsOptions,
    source,
    error: parts.error,
    uncacheable: parts.uncacheable,
    repeat: parts.repeat,
    drop: parts.drop,
  };
}

/**
 * A reply whose records are packed. They are decoded for code that reads a section or copies the reply, so a plugin need not know of this. As long as
 * only {@link alterReply} is used, the client gets the octets as they came.
 */
class PackedReply {
  readonly #records: Packed;

  constructor(said: Omit<WholeReply, keyof Sections>, records: Packed) {
    this.#records = records;
    Object.defineProperties(this, PackedReply.#sections);
    Object.assign(this, said);
  }

  // Own properties, as only those are copied. The functions are shared, so that all such replies have one shape in V8.
  static readonly #sections: PropertyDescriptorMap = {
    answer: { enumerable: true, get: PackedReply.#sectionOf('answer') },
    authority: { enumerable: true, get: PackedReply.#sectionOf('authority') },
    additional: { enumerable: true, get: PackedReply.#sectionOf('additional') },
  };

  static #sectionOf(section: keyof Sections) {
    return function (this: PackedReply) {
      return this.#records[section];
    };
  }

  static recordsOf(reply: Reply): Sections {
    return reply instanceof PackedReply ? reply.#records : reply;
  }
}

/** A reply with these records, which stay packed if they are. */
export function replyWith(source: string, parts: Omit<Partial<Reply>, keyof Sections>, records: Sections): Reply {
  if (!(records instanceof Packed)) {
    const { answer, authority, additional } = records;
    return createReply(source, { ...parts, answer, authority, additional });
  }
  const { answer: _, authority: __, additional: ___, ...said } = createReply(source, parts);
  return new PackedReply(said, records) as unknown as Reply;
}

/** The records of a reply: {@link Packed}, or the reply itself. */
export function recordsOf(reply: Reply): Sections {
  return PackedReply.recordsOf(reply);
}

/** Whether the records of a reply are these very ones, rather than equal ones. */
export function hasRecords(reply: Reply, records: Sections): boolean {
  const own = recordsOf(reply);
  if (own instanceof Packed || records instanceof Packed) return own === records;
  return own.answer === records.answer && own.authority === records.authority && own.additional === records.additional;
}

/** What is known of the records of a reply without decoding them. */
export function headsOf(reply: Reply): Heads {
  return headsOfRecords(recordsOf(reply));
}

/** How many records each section has. */
export function countsOf(reply: Reply): Counts {
  return headsOf(reply).counts;
}

/** The reply with the TTLs that `ttlOf` gives its records: itself if nothing changes, unless its TTLs count down, as they may be the right ones only now. */
export function withTtls(reply: Reply, ttlOf: TtlOf): Reply {
  const records = recordsOf(reply);
  const changed = headsOf(reply).withTtls(ttlOf);
  if (changed !== records) return withRecords(reply, changed);
  return reply.repeat?.countdown ? alterReply(reply, { repeat: { ...reply.repeat, countdown: undefined } }) : reply;
}

/** The reply with these records in place of its own. */
export function withRecords(reply: Reply, records: Sections): Reply {
  if (records instanceof Packed) return replyWith(reply.source, saidOf(reply), records);
  const { answer, authority, additional } = records;
  return { ...reply, answer, authority, additional };
}

function saidOf({ rcode, aa, ra, ad, tc, fixedFlags, ednsOptions, error, uncacheable, repeat, drop }: Reply) {
  return { rcode, aa, ra, ad, tc, fixedFlags, ednsOptions, error, uncacheable, repeat, drop };
}

/** The reply with the same records and other properties. */
export function alterReply(reply: Reply, changes: Omit<Partial<Reply>, keyof Sections>): Reply {
  const records = recordsOf(reply);
  if (!(records instanceof Packed)) return { ...reply, ...changes };
  return replyWith(reply.source, { ...saidOf(reply), ...changes }, records);
}

/** A bare reply with an error's rcode; `error` says why, for the error log. */
export function failure(source: string, rcode: number, error?: Error): Reply {
  return createReply(source, error ? { rcode, error } : { rcode });
}

/** Applies `change` to a reply, now if it is there, else when it comes. */
export function mapReply(
  reply: Reply | Promise<Reply>,
  change: (reply: Reply) => Reply | Promise<Reply>,
): Reply | Promise<Reply> {
  return reply instanceof Promise ? reply.then(change) : change(reply);
}

/** The reply with each record changed. Records of `following` are changed when they are taken. */
export function mapRecords(reply: Reply, change: (record: ResourceRecord) => ResourceRecord): Reply {
  const { answer, authority, additional, following } = reply;
  return {
    ...reply,
    answer: answer.map(change),
    authority: authority.map(change),
    additional: additional.map(change),
    ...(following && { following: changeEach(following, change) }),
  };
}

function* changeEach(
  records: Iterable<ResourceRecord>,
  change: (record: ResourceRecord) => ResourceRecord,
): Generator<ResourceRecord> {
  for (const record of records) yield change(record);
}
