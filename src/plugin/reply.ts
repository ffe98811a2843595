import type { Epoch } from '../base/epoch.ts';
import { type Edns, type MessageFlags, Rcode, type Sections } from '../dns/message.ts';
import type { ResourceRecord } from '../dns/rr.ts';
import type { Counts, Heads, TtlOf } from '../dns/wire/heads.ts';
import { headsOf as headsOfRecords, Packed } from '../dns/wire/packed.ts';
import type { Cell } from '../observe/metrics.ts';

/**
 * What a plugin answers. The server adds what follows from the query: id, question, opcode, RD, CD and the OPT record.
 */
export interface Reply extends Sections {
  readonly rcode: number;
  readonly aa: boolean;
  readonly ra: boolean;
  readonly ad: boolean;
  readonly tc: boolean;
  /**
   * Records that go on where `answer` ends, in as many messages as it takes (RFC 5936 §2.2): over TCP only. Each is taken
   * when the client has room for it.
   */
  readonly following?: Iterable<ResourceRecord> | undefined;
  /** Flags that stand, whatever else would follow from the query and the block. */
  readonly fixedFlags?: Partial<Pick<MessageFlags, 'aa' | 'ra' | 'rd'>> | undefined;
  /** Options to send to a client that speaks EDNS. */
  readonly ednsOptions?: Edns['options'] | undefined;
  /** The plugin that made the reply; empty for the server itself. */
  readonly source: string;
  /** Why the query failed, for the error log. */
  readonly error?: Error | undefined;
  /** Set where no cache may keep the reply: it speaks of this moment or this client, or is as quickly made again. */
  readonly uncacheable?: true | undefined;
  /** Set where the reply may be given again to the same question. */
  readonly repeat?: Repeat | undefined;
  /** Set where the client must get no reply at all. */
  readonly drop?: true | undefined;
}

/**
 * Says that a reply may be given again to the same question, as it is, without asking the plugins.
 *
 * The question includes DO, RD, AD and CD, but not the client: a reply that depends on who asks, or on chance, has no
 * such mark, and a plugin that changes replies in such a way takes the mark off.
 */
export interface Repeat {
  /** As long as none of these moves. */
  readonly epochs: readonly Epoch[];
  /** And before this time on the clock's monotonic scale. */
  readonly untilMs: number;
  /** The counters that each repetition moves by one, soon if not at once. */
  readonly again: readonly Cell[];
  /** Whether each repetition gives the addresses of the answer in another random order. */
  readonly shuffled?: boolean;
  /** Whether all names that end as the qname does get the letter case of the client's question. */
  readonly caseAsAsked?: boolean;
}

/** With every property there, if only as undefined. */
type WholeReply = { readonly [P in keyof Required<Reply>]: Reply[P] };

const EMPTY: readonly ResourceRecord[] = [];

/** A reply with what is given, and nothing else in it: NOERROR, no flags, no records. */
export function createReply(source: string, parts: Partial<Reply> = {}): WholeReply {
  // In the same order always, so that V8 knows all replies by one shape.
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
 * A reply whose records are packed. Code that reads a section, or copies the reply, gets them decoded, so a plugin need not know of this. As long
 * as only {@link alterReply} is used, the octets that came are what the client gets.
 */
class PackedReply {
  readonly #records: Packed;

  constructor(said: Omit<WholeReply, keyof Sections>, records: Packed) {
    this.#records = records;
    Object.defineProperties(this, PackedReply.#sections);
    Object.assign(this, said);
  }

  // Own properties, as only those are copied; of shared functions, so that V8 knows all such replies by one shape.
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

/** What is known of the records of a reply without decoding them. */
export function headsOf(reply: Reply): Heads {
  return headsOfRecords(recordsOf(reply));
}

/** How many records each section has. */
export function countsOf(reply: Reply): Counts {
  return headsOf(reply).counts;
}

/** The reply with the TTLs that `ttlOf` gives its records; itself if nothing changes. */
export function withTtls(reply: Reply, ttlOf: TtlOf): Reply {
  const records = recordsOf(reply);
  const changed = headsOf(reply).withTtls(ttlOf);
  return changed === records ? reply : withRecords(reply, changed);
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

/** The reply with other things said of the same records. */
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

/** The reply with each record changed; those that follow are changed when they are taken. */
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
