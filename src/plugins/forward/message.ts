import { Class, type Message, queryMessage } from '../../dns/message.ts';
import { NS } from '../../dns/rr.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import type { Query } from '../../plugin/query.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import type { HealthCheck } from './options.ts';

/** The query as upstreams get it: the client's message, with what plugins above have rewritten; the id comes later. */
export function encodeQuery({ message, question, edns }: Query): Buffer {
  return encodeMessage({ ...message, questions: [question], edns });
}

/** An upstream's reply, its flags, records and EDNS options unchanged. */
export function replyOf({ rcode, aa, ra, ad, tc, answer, authority, additional, edns }: Message): Reply {
  const parts = { rcode, aa, ra, ad, tc, answer, authority, additional };
  return createReply('forward', edns ? { ...parts, ednsOptions: edns.options } : parts);
}

/** The query of a health probe. */
export function encodeProbe({ domain, recursionDesired }: HealthCheck): Buffer {
  return encodeMessage(queryMessage({ name: domain, type: NS.code, class: Class.IN }, { rd: recursionDesired }));
}
