import { EdnsOption, Rcode } from '../dns/message.ts';
import { alterReply, type Reply } from './reply.ts';

/** Marks a reply of the plugin `source` as stale, since the API server has been silent for long: 3 Stale Answer, 19 Stale NXDOMAIN Answer (RFC 8914 §4.4, §4.20). */
export function sayStale(reply: Reply, source: string): Reply {
  if (reply.source !== source || (reply.rcode !== Rcode.NOERROR && reply.rcode !== Rcode.NXDOMAIN)) return reply;
  const data = Uint8Array.of(0, reply.rcode === Rcode.NXDOMAIN ? 19 : 3);
  return alterReply(reply, { ednsOptions: [...(reply.ednsOptions ?? []), { code: EdnsOption.EDE, data }] });
}
