import { type Prefix, parseIP, printIP } from '../../dns/ip.ts';
import { Class, Rcode } from '../../dns/message.ts';
import { A, AAAA, CNAME, DNAME, isOfType, type ResourceRecord, rr, SOA } from '../../dns/rr.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { alsoDependingOn, counted, notRepeatable } from '../../plugin/repeat.ts';
import { createReply, mapReply, type Reply } from '../../plugin/reply.ts';
import { type Dns64Options, parseDns64 } from './options.ts';
import { embedIPv4 } from './prefix.ts';

/** The limit of TTLs if the negative reply for AAAA has no SOA record (RFC 6147 §5.1.7). */
const MAX_TTL_WITHOUT_SOA = 600;

/** Gives IPv6 addresses, which a NAT64 translates, to names that have only IPv4 addresses (RFC 6147). */
export default definePlugin<Dns64Options>({
  name: 'dns64',
  dependsOn: 'marked',

  parse: parseDns64,

  create({ prefix, translateAll, allowIPv4 }, env) {
    const translated = env.metrics.counter(
      'coredns_dns64_requests_translated_total',
      'Queries answered with IPv6 addresses that were made from IPv4 addresses.',
      ['server'],
    );
    const isFor = ({ client, message, edns }: Query) =>
      // RFC 6147 §5.5: a client that validates must get the signed records.
      (allowIPv4 || client.address.includes(':')) && !(edns?.do && message.cd);
    const translate = async (query: Query, reply: Reply): Promise<Reply> => {
      const { question } = query;
      const found = await env.resolve(query, { ...question, type: A.code });
      const synthesized = synthesize(reply, found, prefix);
      return synthesized ? counted(synthesized, translated.cell(query.server), query) : reply;
    };
    const complete = (query: Query) => (reply: Reply) => {
      const wanted = isFor(query) && (lacksAddress(reply) || (translateAll && hasAddress(reply)));
      return wanted ? translate(query, reply) : reply;
    };
    // Without allow_ipv4, clients may get different replies.
    const settle = (reply: Reply) => (allowIPv4 ? reply : notRepeatable(reply));
    return {
      wrap: (next) => (query) => {
        if (query.type !== AAAA.code || query.class !== Class.IN) return next(query);
        const reply = next(query);
        const completed = reply instanceof Promise ? reply.then(complete(query)) : complete(query)(reply);
        return mapReply(completed, settle);
      },
    };
  },
});

function hasAddress({ rcode, answer }: Reply): boolean {
  return rcode === Rcode.NOERROR && answer.some(({ type }) => type === AAAA.code);
}

/**
 * An error of an upstream counts as an empty answer (RFC 6147 §5.1.2). An error of this server does not: then the A records cannot be found either.
 */
function lacksAddress(reply: Reply): boolean {
  return reply.rcode !== Rcode.NXDOMAIN && !reply.error && !reply.drop && !hasAddress(reply);
}

/** The reply with addresses made from the A records; undefined if there are none. */
function synthesize(reply: Reply, found: Reply, prefix: Prefix): Reply | undefined {
  if (found.rcode !== Rcode.NOERROR || !found.answer.some(({ type }) => type === A.code)) return undefined;
  const maxTtl = reply.authority.find((record) => isOfType(record, SOA))?.ttl ?? MAX_TTL_WITHOUT_SOA;
  const answer = found.answer.flatMap((record): ResourceRecord[] => {
    if (record.type === CNAME.code || record.type === DNAME.code) return [record];
    if (!isOfType(record, A)) return [];
    const address = printIP(embedIPv4(prefix, parseIP(record.data.address)!));
    return [rr(AAAA, record.name, Math.min(record.ttl, maxTtl), { address })];
  });
  const synthesized = createReply('dns64', { ra: found.ra, answer });
  const { repeat } = found;
  return repeat && reply.repeat ? alsoDependingOn({ ...synthesized, repeat }, reply.repeat) : synthesized;
}
