import { expect, test } from 'vitest';
import { makePlugin, parsePlugin, sentReply } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { parseRcode } from '../../dns/message.ts';
import { Metrics } from '../../observe/metrics.ts';
import type { ClientView } from '../../plugin/client-view.ts';
import { CLIENTS } from '../../plugin/keys.ts';
import { createReply } from '../../plugin/reply.ts';
import { nextHandler, offered, type TestEnvOptions } from '../../plugin/testing/index.ts';
import prometheus from './index.ts';
import { IDLE_MS } from './namespace-metrics.ts';

/** A cluster in which `10.9.N.x` is a pod of the namespace `team-N`, and `10.8.x.x` one of `other`. */
const PODS: ClientView = {
  namespaceOf(address) {
    const [ten, network, team] = address.split('.');
    if (ten !== '10') return undefined;
    return network === '9' ? `team-${team}` : network === '8' ? 'other' : undefined;
  },
  holds: (name) => name.endsWith('cluster.local.'),
  searchList: (name, namespace) =>
    name.endsWith('cluster.local.')
      ? [`${namespace}.svc.cluster.local.`, 'svc.cluster.local.', 'cluster.local.']
      : undefined,
  domain: 'cluster.local.',
};

function counting(body = 'namespaces', options: TestEnvOptions = {}) {
  const offers = [offered('kubernetes', CLIENTS, PODS)];
  const { plugin, env } = makePlugin(prometheus, `prometheus {\n${body}\n}`, { offers, ...options });
  plugin.wrap?.(nextHandler);
  plugin.serving?.([]);
  /** `RCODE NAME`, or `drop NAME`. */
  const count = (address: string, response: string, receivedMs = 0) => {
    const [rcode = '', name = ''] = response.split(' ');
    const query = testQuery(`${name} A`, { client: { address, port: 5000 }, receivedMs });
    const reply = createReply('x', rcode === 'drop' ? { drop: true } : { rcode: parseRcode(rcode)! });
    plugin.observe?.(query, sentReply(query, reply));
  };
  const shown = async (name: string) => {
    const lines = await env.exposed(`cairn_namespace_${name}`);
    return lines
      .map((line) => line.replace(/^.*?\{client_namespace="(.*?)"(?:,rcode="(.*)")?\}/, '$1 $2').replace(/ +/g, ' '))
      .filter((line) => !line.endsWith(' 0'));
  };
  return { plugin, env, count, shown };
}

test('queries, responses and outside names are counted by the namespace of the client', async () => {
  const { count, shown } = counting();
  count('10.9.1.1', 'NOERROR web.cluster.local.');
  count('10.9.1.2', 'NOERROR example.org.');
  count('10.9.1.2', 'SERVFAIL example.org.');
  count('10.9.2.1', 'drop example.org.');
  count('192.0.2.1', 'NXDOMAIN example.org.');
  expect(await shown('queries_total')).toEqual([' 1', 'team-1 3', 'team-2 1']);
  expect(await shown('outside_queries_total')).toEqual([' 1', 'team-1 2', 'team-2 1']);
  expect(await shown('responses_total')).toEqual(['team-1 NOERROR 2', 'team-1 SERVFAIL 1', ' NXDOMAIN 1']);
});

test('wasted queries are those before an answer to the same client', async () => {
  const { count, shown } = counting();
  for (const domain of ['team-1.svc.cluster.local.', 'svc.cluster.local.', 'cluster.local.']) {
    for (const address of ['10.9.1.1', '10.9.1.2']) count(address, `NXDOMAIN api.example.org.${domain}`);
  }
  expect(await shown('wasted_queries_total')).toEqual([]);
  count('10.9.1.1', 'NOERROR api.example.org.');
  expect(await shown('wasted_queries_total')).toEqual(['team-1 3']);
});

test('namespaces beyond the limit share a value, and one that is called so, too', async () => {
  const { count, shown } = counting('namespaces 2');
  for (const team of [1, 2, 3, 4, 1]) count(`10.9.${team}.1`, 'NOERROR web.cluster.local.');
  count('10.8.0.1', 'NOERROR web.cluster.local.');
  count('192.0.2.1', 'NOERROR web.cluster.local.');
  expect(await shown('queries_total')).toEqual([' 1', 'other 3', 'team-1 2', 'team-2 1']);
});

test('rcodes without a name share a value', async () => {
  const { count, shown } = counting();
  for (const rcode of ['3000', '3001', 'REFUSED']) count('10.9.1.1', `${rcode} example.org.`);
  expect(await shown('responses_total')).toEqual(['team-1 other 2', 'team-1 REFUSED 1']);
});

test('a namespace that has been silent for long makes room, but only if there are too many', async () => {
  const { count, shown, env } = counting('namespaces 2');
  const now = () => env.clock.monotonic();
  count('10.9.1.1', 'NOERROR web.cluster.local.', now());
  env.clock.advance(IDLE_MS + 1);
  expect(await shown('queries_total')).toEqual(['team-1 1']);
  count('10.9.2.1', 'NOERROR web.cluster.local.', now());
  expect(await shown('queries_total')).toEqual(['team-2 1']);
  count('10.9.3.1', 'NOERROR web.cluster.local.', now());
  count('10.9.1.1', 'NOERROR web.cluster.local.', now());
  expect(await shown('queries_total')).toEqual(['other 1', 'team-2 1', 'team-3 1']);
});

test('blocks share the values and a lookup, and the largest limit counts', async () => {
  const first = counting('namespaces 1');
  const { plugin, env } = first;
  const second = prometheus.create(parsePlugin(prometheus, 'prometheus {\nnamespaces 2\n}'), { ...env, ask: () => [] });
  second.wrap?.(nextHandler);
  second.serving?.([]);
  plugin.serving?.([]);
  for (const domain of ['team-1.svc.cluster.local.', 'svc.cluster.local.', 'cluster.local.'])
    first.count('10.9.1.1', `NXDOMAIN a.b.${domain}`);
  const query = testQuery('a.b. A', { client: { address: '10.9.1.1', port: 5000 } });
  second.observe?.(query, sentReply(query, createReply('x')));
  first.count('10.9.2.1', 'NOERROR a.b.');
  expect(await first.shown('wasted_queries_total')).toEqual(['team-1 3']);
  expect(await first.shown('queries_total')).toEqual(['team-1 4', 'team-2 1']);
});

test('a reload keeps the values within the new limit, and one without the option ends them', async () => {
  const first = counting('namespaces 3');
  for (const team of [1, 2, 3]) first.count(`10.9.${team}.1`, 'NOERROR web.cluster.local.');
  const { metrics, kept } = first.env;
  const second = counting('namespaces 1', { metrics, kept });
  await first.plugin.stop?.();
  for (const team of [1, 2]) second.count(`10.9.${team}.1`, 'NOERROR web.cluster.local.');
  expect(await second.shown('queries_total')).toEqual(['other 1', 'team-1 2']);
  await second.plugin.stop?.();
  for (const value of kept.values()) await value.stop?.();
  expect(await second.env.exposed('cairn_namespace_queries_total')).toEqual([]);
});

test('without pods, a warning says what is missing, and queries count together', async () => {
  const { plugin, env, count, shown } = counting('namespaces', { offers: [] });
  await plugin.load?.();
  expect(env.lines).toEqual([
    "[WARNING] plugin/prometheus: no namespaces of clients are known, so 'namespaces' counts all queries together: " +
      "a server block with 'namespaces' must also have 'kubernetes' with 'pods verified'",
  ]);
  count('10.9.1.1', 'NOERROR example.org.');
  expect(await shown('queries_total')).toEqual([' 1']);
  expect(await shown('outside_queries_total')).toEqual([]);
  const known = counting();
  await known.plugin.load?.();
  expect(known.env.lines).toEqual([]);
});

test('followed lookups are shown while the block serves', async () => {
  const { plugin, env, count } = counting();
  count('10.9.1.1', 'NXDOMAIN api.team-1.svc.cluster.local.');
  expect(await env.exposed('cairn_namespace_followed')).toEqual(['cairn_namespace_followed_lookups 1']);
  await plugin.stop?.();
  expect(await env.exposed('cairn_namespace_followed')).toEqual([]);
});

test('without the option there are no such metrics, and the block is observed in bulk', async () => {
  const metrics = new Metrics();
  const { plugin } = makePlugin(prometheus, 'prometheus', { metrics });
  expect([plugin.wrap, plugin.stop, typeof plugin.observeRepetitions]).toEqual([undefined, undefined, 'function']);
  expect(await metrics.expose()).not.toContain('cairn_namespace');
});
