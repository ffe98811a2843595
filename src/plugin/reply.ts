import { type Edns, type MessageFlags, Rcode } from '../dns/message.ts';
import type { ResourceRecord } from '../dns/rr.ts';
import type { Repeat } from './repeat.ts';

/**
 * What a plugin answers. The server adds what follows from the query: id, question, opcode, RD, CD and the OPT record.
 */
export interface Reply {
  readonly rcode: number;
  readonly aa: boolean;
  readonly ra: boolean;
  readonly ad: boolean;
  readonly tc: boolean;
  readonly answer: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
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

/** A bare reply with an error's rcode; `error` says why, for the error log. */
export function failure(source: string, rcode: number, error?: Error): Reply {
  return createReply(source, error ? { rcode, error } : { rcode });
}

/** Applies `change` to a reply, now if it is there, else when it comes. */
export function mapReply(reply: Reply | Promise<Reply>, change: (reply: Reply) => Reply): Reply | Promise<Reply> {
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
