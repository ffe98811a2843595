import {
  A,
  AAAA,
  atLeastArgs,
  CorefileError,
  canonicalIP,
  definePlugin,
  isOfType,
  mapReply,
  network,
  noBlock,
  parseIP,
  prefixContains,
} from 'cairn-dns/plugin';

/**
 * Gives clients of a network other addresses than all other clients: `inside NETWORK OUTER=INNER...`.
 *
 * It changes replies by the client's address, so it keeps the default of `dependsOn`: no reply that passed through it is given to another client. Its place
 * is before `cache`, which keeps the replies that all clients have in common.
 */
export default definePlugin({
  name: 'inside',
  place: { before: 'cache' },

  parse: (uses) =>
    uses.map((directive) => {
      noBlock(directive);
      const [first, ...pairs] = atLeastArgs(directive, 2);
      return { network: network(first), addresses: new Map(pairs.map(readPair)) };
    }),

  create(rules, { metrics, block }) {
    const help = 'Replies that were changed for clients of inner networks.';
    const changed = metrics.counter('inside_replies_total', help, ['server']).cell(block.server);
    return {
      wrap: (next) => (query) => {
        const ip = parseIP(query.client.address.replace(/%.*$/, ''));
        const rule = ip && rules.find((candidate) => prefixContains(candidate.network, ip));
        if (!rule) return next(query);
        return mapReply(next(query), (reply) => {
          const answer = reply.answer.map((record) => inner(record, rule.addresses));
          if (answer.every((record, i) => record === reply.answer[i])) return reply;
          changed.value++;
          return { ...reply, answer };
        });
      },
    };
  },
});

/** `OUTER=INNER`, both IPv4 or both IPv6. */
function readPair({ text, position }) {
  const [outer, inner, ...rest] = text.split('=').map((address) => canonicalIP(address));
  if (outer && inner && rest.length === 0 && outer.includes(':') === inner.includes(':')) return [outer, inner];
  throw new CorefileError(position, `'${text}' is not OUTER=INNER with two addresses of one family`);
}

function inner(record, addresses) {
  if (!isOfType(record, A) && !isOfType(record, AAAA)) return record;
  const address = addresses.get(record.data.address);
  return address === undefined ? record : { ...record, data: { address } };
}
