import { Class, type Edns, type Message, OWN_UDP_SIZE, queryMessage } from '../../dns/message.ts';
import { NS } from '../../dns/rr.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import type { Response } from '../../dns/wire/response.ts';
import { addedOptions, HOP_BY_HOP } from '../../plugin/edns-options.ts';
import type { Query } from '../../plugin/query.ts';
import { type Reply, replyWith } from '../../plugin/reply.ts';
import type { HealthCheck } from './options.ts';

/** The options that are passed on: all but those between two neighbours, unless a plugin above has added them. */
function endToEnd({ options }: Edns, query: Query): Edns['options'] {
  const added = addedOptions(query);
  return options.filter(({ code }) => !HOP_BY_HOP.has(code) || added.some((option) => option.code === code));
}

/** The query for upstreams; the id is set later. */
export function encodeQuery(query: Query): Buffer {
  return encodeMessage(query.shared ? sharedMessage(query) : ownMessage(query));
}

/** Whether the OPT record can be left out: it is this server's, not the client's. */
export function canDropEdns(query: Query): boolean {
  return query.shared && !query.edns?.do && addedOptions(query).length === 0;
}

/** The same without an OPT record, for upstreams that do not know it (RFC 6891 §6.2.2). */
export function encodeWithoutEdns(query: Query): Buffer {
  return encodeMessage({ ...sharedMessage(query), edns: undefined });
}

/** The client's message, with the changes of plugins above. */
function ownMessage(query: Query): Message {
  const { message, question, edns, ad } = query;
  return { ...message, ad, questions: [question], edns: edns && { ...edns, options: endToEnd(edns, query) } };
}

/** A message that is the same for all clients, so that no client can cause a failure that others would share. */
function sharedMessage(query: Query): Message {
  const { message, question, name, edns, ad } = query;
  return {
    ...queryMessage({ name, type: question.type, class: question.class }, { rd: message.rd }),
    ...{ ad, cd: message.cd },
    edns: { udpSize: OWN_UDP_SIZE, version: 0, do: edns?.do ?? false, options: addedOptions(query) },
  };
}

/** The reply for an upstream's response: flags, records and EDNS options are unchanged, without options for this server alone. */
export function replyOf(response: Response, query: Query): Reply {
  const { rcode, aa, ra, ad, tc, records, edns } = response;
  const parts = { rcode, aa, ra, ad, tc };
  return replyWith('forward', edns ? { ...parts, ednsOptions: endToEnd(edns, query) } : parts, records);
}

export function encodeProbe({ domain, recursionDesired }: HealthCheck): Buffer {
  return encodeMessage(queryMessage({ name: domain, type: NS.code, class: Class.IN }, { rd: recursionDesired }));
}
