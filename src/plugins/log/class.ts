import { Opcode, Rcode } from '../../dns/message.ts';
import { NS, QType, SOA } from '../../dns/rr.ts';
import type { Query } from '../../plugin/query.ts';
import { headsOf, type Reply } from '../../plugin/reply.ts';

export const REPLY_CLASSES = ['success', 'denial', 'error'] as const;

/** The class of a reply: data or a referral, negative (NXDOMAIN, NODATA), or anything else. */
export type ReplyClass = (typeof REPLY_CLASSES)[number];

/** What replies are, in CoreDNS's words, and their classes. */
const CLASSES = {
  NOERROR: 'success',
  DELEGATION: 'success',
  NXDOMAIN: 'denial',
  NODATA: 'denial',
  SERVERERROR: 'error',
  OTHERERROR: 'error',
} as const satisfies Readonly<Record<string, ReplyClass>>;

export function classOf(reply: Reply): ReplyClass {
  return CLASSES[kindOf(reply)];
}

/** What a reply is. Those to zone transfers and NOTIFY have one type, whatever came of them. */
export function typeOf({ type, message }: Query, reply: Reply): keyof typeof CLASSES | 'META' {
  const isMeta = message.opcode === Opcode.NOTIFY || type === QType.AXFR || type === QType.IXFR;
  return isMeta ? 'META' : kindOf(reply);
}

function kindOf(reply: Reply): keyof typeof CLASSES {
  if (reply.drop) return 'OTHERERROR';
  if (reply.rcode === Rcode.NXDOMAIN) return 'NXDOMAIN';
  if (reply.rcode === Rcode.SERVFAIL || reply.rcode === Rcode.NOTIMP) return 'SERVERERROR';
  if (reply.rcode !== Rcode.NOERROR) return 'OTHERERROR';
  const heads = headsOf(reply);
  const { answer, additional } = heads.counts;
  if (answer > 0) return 'NOERROR';
  // RFC 2308 §2.2: without an answer, NS records without a SOA record are a referral; everything else is NODATA.
  if (heads.hasType('authority', SOA.code)) return 'NODATA';
  if (heads.hasType('authority', NS.code)) return 'DELEGATION';
  return additional > 0 ? 'NOERROR' : 'NODATA';
}
