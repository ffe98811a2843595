import { Class, type Edns, EdnsOption, queryMessage } from '../../dns/message.ts';
import { NS } from '../../dns/rr.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import type { Response } from '../../dns/wire/response.ts';
import type { Query } from '../../plugin/query.ts';
import { type Reply, replyWith } from '../../plugin/reply.ts';
import type { HealthCheck } from './options.ts';

/** Options that two neighbours agree on, and that are no business of the next one (RFC 5001, RFC 7830, RFC 7828, RFC 7873). */
const HOP_BY_HOP: ReadonlySet<number> = new Set([
  EdnsOption.NSID,
  EdnsOption.COOKIE,
  EdnsOption.TCP_KEEPALIVE,
  EdnsOption.PADDING,
]);

/** The options that go further: not those between two neighbours, but for what a plugin above has put into the query. */
function endToEnd({ options }: Edns, { message, edns }: Query): Edns['options'] {
  const added = edns?.options.filter((option) => !message.edns?.options.includes(option)) ?? [];
  return options.filter(({ code }) => !HOP_BY_HOP.has(code) || added.some((option) => option.code === code));
}

/** The query as upstreams get it: the client's message, with what plugins above have rewritten; the id comes later. */
export function encodeQuery(query: Query): Buffer {
  const { message, question, edns, ad } = query;
  return encodeMessage({
    ...message,
    ad,
    questions: [question],
    edns: edns && { ...edns, options: endToEnd(edns, query) },
  });
}

/** An upstream's reply, its flags, records and EDNS options unchanged, but for those that were for us. */
export function replyOf(response: Response, query: Query): Reply {
  const { rcode, aa, ra, ad, tc, records, edns } = response;
  const parts = { rcode, aa, ra, ad, tc };
  return replyWith('forward', edns ? { ...parts, ednsOptions: endToEnd(edns, query) } : parts, records);
}

/** The query of a health probe. */
export function encodeProbe({ domain, recursionDesired }: HealthCheck): Buffer {
  return encodeMessage(queryMessage({ name: domain, type: NS.code, class: Class.IN }, { rd: recursionDesired }));
}
