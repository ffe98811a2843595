import { Class, Opcode, Rcode } from '../../dns/message.ts';
import { CACHED } from '../../plugin/keys.ts';
import { definePlugin, type Handler } from '../../plugin/plugin.ts';
import { type Query, withQuestion } from '../../plugin/query.ts';
import { counted } from '../../plugin/repeat.ts';
import { alterReply, headsOf, mapReply, type Reply } from '../../plugin/reply.ts';
import { nodataFrom } from './nodata.ts';
import { parseFilter, type Rule, ruleFor } from './options.ts';
import { isSignedFor, strip } from './strip.ts';
import { filterWords } from './words.ts';

/**
 * Keeps IPv6 or IPv4 addresses of other servers from clients. It stands directly before `forward`, so the plugins with data of this server answer
 * first, and what reaches it is asked of other servers.
 */
export default definePlugin<readonly Rule[]>({
  name: 'filter',
  dependsOn: 'question',

  parse: parseFilter,

  words: { covers: ['', 'unless-only'], of: filterWords },

  create(rules, { ask, block, metrics }) {
    const help = 'Queries for a filtered type that were answered without asking other servers for it.';
    const answered = metrics.counter('cairn_filter_answered_total', help, ['server', 'type', 'view']);
    const cells = new Map(rules.map(({ type }) => [type, answered.cell(block.server, type.mnemonic, block.view)]));
    return {
      wrap(next) {
        // The client asks for the other type, too. So the cache has the reply, or waits for it, or will soon be asked for it.
        const [below = next] = ask(CACHED);
        return (query) => {
          const rule = isOurs(query) ? ruleFor(query.name, rules) : undefined;
          if (!rule) return next(query);
          if (query.type !== rule.type.code) return mapReply(next(query), (reply) => strip(reply, query, rule));
          return withoutType(query, rule, next, below, (reply) => counted(reply, cells.get(rule.type)!, query));
        };
      },
      explain: (query) => `${ruleFor(query.name, rules)?.type.mnemonic} records of other servers are filtered`,
    };
  },
});

const isOurs = ({ class: qclass, message }: Query) => qclass === Class.IN && message.opcode === Opcode.QUERY;

/** The reply to a query for the filtered type. */
function withoutType(
  query: Query,
  rule: Rule,
  next: Handler,
  below: Handler,
  count: (reply: Reply) => Reply,
): Reply | Promise<Reply> {
  const fromOther = () =>
    mapReply(below(withQuestion(query, { ...query.question, type: rule.other.code })), (found) => {
      const reply = replyFrom(found, query, rule);
      return reply ? count(reply) : next(query);
    });
  if (!query.edns?.do) return fromOther();
  // A validator refuses a negative reply that is not signed, and would ask on. So it gets what is signed.
  return mapReply(next(query), (reply) => {
    const isKept = !headsOf(reply).hasType('answer', rule.type.code) || isSignedFor(query, reply);
    if (isKept) return reply;
    return rule.unlessOnly ? fromOther() : nodataFrom(reply, query);
  });
}

/** The reply that follows from the one for the other type; undefined if the type itself must be asked for. */
function replyFrom(found: Reply, query: Query, { other, unlessOnly }: Rule): Reply | undefined {
  if (found.drop) return found;
  if (found.rcode === Rcode.NXDOMAIN) return withoutAd(found);
  // The cache keeps the failure for the other type, and need not keep it twice.
  if (found.rcode !== Rcode.NOERROR) return alterReply(found, { uncacheable: true });
  if (headsOf(found).answers(query.name, other.code)) return nodataFrom(found, query);
  return unlessOnly && !found.tc ? undefined : withoutAd(found);
}

/** No signature covers the type of the question in such a reply. */
function withoutAd(reply: Reply): Reply {
  return reply.ad ? alterReply(reply, { ad: false }) : reply;
}
