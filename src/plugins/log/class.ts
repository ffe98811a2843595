import { Rcode } from '../../dns/message.ts';
import { NS, SOA } from '../../dns/rr.ts';
import { headsOf, type Reply } from '../../plugin/reply.ts';

export const REPLY_CLASSES = ['success', 'denial', 'error'] as const;

/** The class of a reply: data or a referral, negative (NXDOMAIN, NODATA), or anything else. */
export type ReplyClass = (typeof REPLY_CLASSES)[number];

export function classOf(reply: Reply): ReplyClass {
  if (reply.drop) return 'error';
  if (reply.rcode === Rcode.NXDOMAIN) return 'denial';
  if (reply.rcode !== Rcode.NOERROR) return 'error';
  const heads = headsOf(reply);
  const { answer, additional } = heads.counts;
  if (answer > 0) return 'success';
  // RFC 2308 §2.2: without an answer, NS records without a SOA record are a referral; everything else is NODATA.
  if (heads.hasType('authority', SOA.code)) return 'denial';
  return heads.hasType('authority', NS.code) || additional > 0 ? 'success' : 'denial';
}
