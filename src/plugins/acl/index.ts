import { printPosition } from '../../corefile/position.ts';
import { parseIP, prefixContains } from '../../dns/ip.ts';
import { EdnsOption, Rcode } from '../../dns/message.ts';
import { longestZone } from '../../dns/name.ts';
import type { Cell } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { counted, notRepeatable, UNCHANGING } from '../../plugin/repeat.ts';
import { createReply, mapReply, type Reply } from '../../plugin/reply.ts';
import { type Action, parseAcl, type Rule } from './options.ts';

/** Answers, refuses, filters or drops queries by their name, their type and their client's address. */
export default definePlugin<readonly Rule[]>({
  name: 'acl',
  dependsOn: 'marked',

  // It refuses queries, and answers none.
  ends: () => ({ zones: [] }),

  parse: parseAcl,

  create(rules, env) {
    const cellOf = counters(env);
    /** The zones in which clients may get different replies. */
    const tailored = rules.flatMap(({ zones, networks }) => (networks ? zones : []));
    return {
      explain(query) {
        const rule = rules.find((candidate) => matches(candidate, query));
        return rule && `the rule '${rule.action}' at ${printPosition(rule.position)}`;
      },
      wrap: (next) => (query) => {
        const rule = rules.find((candidate) => matches(candidate, query));
        const action = rule?.action ?? 'allow';
        const reply = action === 'allow' ? next(query) : REPLIES[action];
        const zone = rule && longestZone(query.name, rule.zones)!;
        const count = cellOf(action, query.server, zone ?? '');
        const byClient = longestZone(query.name, tailored) !== undefined;
        return mapReply(reply, (sent) => counted(byClient ? notRepeatable(sent) : sent, count, query));
      },
    };
  },
});

function matches({ zones, types, networks }: Rule, { name, type, client }: Query): boolean {
  if (longestZone(name, zones) === undefined || (types && !types.has(type))) return false;
  if (!networks) return true;
  const ip = parseIP(client.address.replace(/%.*$/, ''))!;
  return networks.some((network) => prefixContains(network, ip));
}

/** A reply with a code and the extended error that explains it (RFC 8914 §4.16, §4.18). */
const denial = (rcode: number, extended: number, aa: boolean): Reply =>
  createReply('acl', {
    ...{ rcode, aa, repeat: UNCHANGING },
    ednsOptions: [{ code: EdnsOption.EDE, data: Uint8Array.of(0, extended) }],
  });

const REPLIES: Record<Exclude<Action, 'allow'>, Reply> = {
  block: denial(Rcode.REFUSED, 15, false),
  // glibc and Go would take an empty response without AA and RA for that of a lame server.
  filter: denial(Rcode.NOERROR, 17, true),
  drop: createReply('acl', { drop: true }),
};

function counters({ metrics, block: { view } }: PluginEnv): (action: Action, server: string, zone: string) => Cell {
  const family = (action: string, labels: readonly string[]) =>
    metrics.counter(`coredns_acl_${action}_requests_total`, `Queries that were ${action}.`, labels);
  const byZone = ['server', 'zone', 'view'];
  const denials = {
    block: family('blocked', byZone),
    filter: family('filtered', byZone),
    drop: family('dropped', byZone),
  };
  const allowed = family('allowed', ['server', 'view']);
  return (action, server, zone) =>
    action === 'allow' ? allowed.cell(server, view) : denials[action].cell(server, zone, view);
}
