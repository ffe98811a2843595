import { EdnsOption, Rcode } from '../../dns/message.ts';
import { isOfType, QType, RRSIG, SOA } from '../../dns/rr.ts';
import type { Query } from '../../plugin/query.ts';
import { headsOf, type Reply } from '../../plugin/reply.ts';

/** The kinds of replies: with an answer, negative (NXDOMAIN, NODATA), or a failure. */
export type Kind = 'success' | 'denial' | 'failure';

/** The longest that a reply without answer and SOA record is kept, in seconds: nothing says how long the answer will be missing. */
const INCOMPLETE_TTL = 5;
/** RFC 1035 §3.2.3 */
const MAILB = 253;
const MAILA = 254;

const TRANSIENT = new Set<number>([QType.OPT, QType.TKEY, QType.TSIG, QType.IXFR, QType.AXFR, MAILB, MAILA]);

/** Whether replies to queries of this type may be kept at all. */
export function isCacheableType(type: number): boolean {
  return !TRANSIENT.has(type);
}

/** What a reply is, and how long it is valid, in seconds. */
export interface Classified {
  readonly kind: Kind;
  /** Not within the limits of the options. */
  readonly ttl: number;
  /** A limit of all its TTLs, whatever the options say. */
  readonly maxTtl?: number;
}

/**
 * The kind of a reply, and how long it is valid; undefined if it must not be kept.
 *
 * @param nowMs wall-clock time, for the validity of signatures.
 * @param failureTtl how long failures are kept, in seconds; 0 for not at all.
 */
export function classify(reply: Reply, query: Query, nowMs: number, failureTtl: number): Classified | undefined {
  if (reply.tc || reply.drop || reply.uncacheable || isTailored(reply)) return undefined;
  if (reply.rcode === Rcode.SERVFAIL || reply.rcode === Rcode.NOTIMP) {
    return failureTtl > 0 ? { kind: 'failure', ttl: failureTtl } : undefined;
  }
  if (query.edns?.do && hasExpiredSignature(reply, nowMs)) return undefined;
  if (reply.rcode === Rcode.NXDOMAIN)
    return isNegative(reply) ? { kind: 'denial', ttl: negativeTtl(reply) } : undefined;
  if (reply.rcode !== Rcode.NOERROR) return undefined;
  if (hasAnswer(reply, query)) return { kind: 'success', ttl: headsOf(reply).smallestTtl() };
  if (isNegative(reply)) return { kind: 'denial', ttl: negativeTtl(reply) };
  // No record at all, a referral, or a CNAME chain that the upstream did not follow to its end.
  return { kind: 'denial', ttl: Math.min(headsOf(reply).smallestTtl(), INCOMPLETE_TTL), maxTtl: INCOMPLETE_TTL };
}

/** Whether a reply has a record of the type in the question at the end of the CNAME chain that begins at its name. */
export function hasAnswer(reply: Reply, { name, type }: Query): boolean {
  if (reply.rcode !== Rcode.NOERROR) return false;
  const heads = headsOf(reply);
  return type === QType.ANY ? heads.counts.answer > 0 : heads.answers(name, type);
}

/** RFC 2308 §5: negative replies without SOA should not be cached. */
function isNegative(reply: Reply): boolean {
  return headsOf(reply).hasType('authority', SOA.code);
}

function negativeTtl(reply: Reply): number {
  return headsOf(reply).smallestTtl((_, negative) => negative);
}

/** RFC 7871 §7.3.1: a reply for the client's network alone has a scope of more than 0 bits. */
function isTailored({ ednsOptions = [] }: Reply): boolean {
  return ednsOptions.some(({ code, data }) => code === EdnsOption.SUBNET && data[3] !== 0);
}

/** Expiration is compared by serial number arithmetic (RFC 4034 §3.1.5). */
function hasExpiredSignature(reply: Reply, nowMs: number): boolean {
  const nowSeconds = Math.floor(nowMs / 1000);
  const sections = ['answer', 'authority', 'additional'] as const;
  const heads = headsOf(reply);
  return sections
    .filter((section) => heads.hasType(section, RRSIG.code))
    .flatMap((section) => reply[section])
    .some((record) => {
      // Rdata may be empty.
      return isOfType(record, RRSIG) && (((record.data.expiration ?? nowSeconds) - nowSeconds) | 0) < 0;
    });
}
