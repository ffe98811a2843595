import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { apiNamespace } from '../../../test/support/api-objects.ts';
import {
  type ApiServerOptions,
  type KubernetesObject,
  startApiServer,
} from '../../../test/support/api-server/index.ts';
import { kubernetes, outcome } from '../../../test/support/kubernetes.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { makePlugin, nextHandler, startPlugin } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { EdnsOption, printRcode } from '../../dns/message.ts';
import type { Reply } from '../../plugin/reply.ts';
import plugin from './index.ts';

const ZONES = ['cluster.local.', 'in-addr.arpa.', 'ip6.arpa.'];

/** The zone of the SOA record, for negative replies. */
const outcomeOf = (reply: Reply) =>
  ['cluster.local.', 'in-addr.arpa.'].map((zone) => outcome(reply, zone)).find((text) => !text.includes('SOA')) ?? '';

describe.each([
  ['fallthrough in-addr.arpa ip6.arpa', 'NXDOMAIN'],
  ['fallthrough', 'NXDOMAIN'],
])('guard networks beside "%s"', (fallthrough) => {
  const { ask, env } = kubernetes({
    zones: ZONES,
    options: `${fallthrough}\nguard networks 10.0.0.0/16 10.244.0.0/16 192.0.2.0/24`,
  });

  test.each([
    ['1.0.0.10.in-addr.arpa. PTR', 'NOERROR aa\n1.0.0.10.in-addr.arpa. 5 IN PTR web.shop.svc.cluster.local.'],
    ['77.0.0.10.in-addr.arpa. PTR', 'NXDOMAIN'],
    ['77.0.0.10.in-addr.arpa. A', 'NXDOMAIN'],
    ['x.1.0.0.10.in-addr.arpa. PTR', 'NXDOMAIN'],
    ['0.0.10.in-addr.arpa. SOA', 'NODATA'],
    ['5.4.244.10.in-addr.arpa. PTR', 'NXDOMAIN'],
    ['244.10.in-addr.arpa. NS', 'NXDOMAIN'],
    ['5.4.245.10.in-addr.arpa. PTR', 'next'],
    ['8.8.8.8.in-addr.arpa. PTR', 'next'],
    ['no.shop.svc.cluster.local. A', 'NXDOMAIN'],
    ['www.example.com.cluster.local. A', 'NXDOMAIN'],
    ['web.shop.svc.cluster.local. TXT', 'NODATA'],
    ['www.example.com. A', 'next'],
  ])('%s: %s', (question, expected) => {
    expect(outcomeOf(ask(question))).toBe(expected);
  });

  test('what is kept here is counted, also if it is given again', async () => {
    const count = async () => (await env.exposed('cairn_kubernetes_guarded_total'))[0];
    const before = Number((await count())!.split(' ')[1]);
    const { repeat } = ask('9.9.244.10.in-addr.arpa. PTR');
    for (const cell of repeat!.again) cell.value++;
    ask('9.9.9.9.in-addr.arpa. PTR');
    expect(await count()).toBe(`cairn_kubernetes_guarded_total{server="dns://:53"} ${before + 2}`);
  });
});

test('without guard, everything falls through as before', () => {
  const { ask } = kubernetes({ zones: ZONES, options: 'fallthrough' });
  expect(outcome(ask('5.4.244.10.in-addr.arpa. PTR'))).toBe('next');
  expect(outcome(ask('no.shop.svc.cluster.local. A'))).toBe('next');
});

const OBJECTS: readonly KubernetesObject[] = [
  apiNamespace('shop'),
  {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name: 'kubernetes' } },
    spec: { cidrs: ['10.96.0.0/16'] },
  },
  nodeWith('n1', '10.244.1.0/24'),
];

function nodeWith(name: string, podCIDR: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { podCIDR, podCIDRs: [podCIDR] } };
}

/** The plugin with an API server. A name is asked for by its part to the left of in-addr.arpa. */
async function guarding(options: ApiServerOptions & { readonly lines?: string } = {}) {
  const { lines = 'guard', ...serverOptions } = options;
  const api = await startApiServer({ objects: OBJECTS, ...serverOptions });
  const body = `kubernetes cluster.local in-addr.arpa {\nendpoint ${api.url}\nstartup_timeout 1s\nfallthrough in-addr.arpa\n${lines}\n}`;
  const made = makePlugin(plugin, body, { zones: ['.'] });
  onTestFinished(async () => {
    for (const value of made.env.kept.values()) await value.stop?.();
    await api.close();
  });
  const handler = made.plugin.wrap!(nextHandler);
  const ask = async (name: string) => {
    const reply = await handler(testQuery(`${name}.in-addr.arpa. PTR`));
    const codes = (reply.ednsOptions ?? []).filter(({ code }) => code === EdnsOption.EDE).map(({ data }) => data[1]);
    return reply.source === 'next' ? 'next' : [printRcode(reply.rcode), ...codes].join(' ');
  };
  return { ...made, api, ask, started: startPlugin(made.plugin) };
}

test('the networks are those of ServiceCIDRs and Nodes, and follow them', async () => {
  const { started, ask, api } = await guarding();
  await started;
  expect(await Promise.all(['1.0.96.10', '7.1.244.10', '7.2.244.10'].map(ask))).toEqual([
    'NXDOMAIN',
    'NXDOMAIN',
    'next',
  ]);
  api.put(nodeWith('n2', '10.244.2.0/24'));
  await vi.waitFor(async () => expect(await ask('7.2.244.10')).toBe('NXDOMAIN'), PATIENT);
});

test('`labels` chooses no nodes', async () => {
  const { started, ask } = await guarding({ lines: 'guard\nlabels app=web' });
  await started;
  expect(await ask('7.1.244.10')).toBe('NXDOMAIN');
});

test('an API server that has no ServiceCIDRs is told of in the log, and the networks of nodes are kept', async () => {
  const { started, ask, env } = await guarding({ missing: ['servicecidrs'] });
  await started;
  expect([await ask('7.1.244.10'), await ask('1.0.96.10')]).toEqual(['NXDOMAIN', 'next']);
  expect(env.lines.join('\n')).toContain(
    'servicecidrs.networking.k8s.io: the API server does not have them: Kubernetes has them from version 1.33 on',
  );
});

test('without the right to read nodes, only what might be a name of the cluster fails, and the log names the rule', async () => {
  const { started, ask, env, plugin: guarded } = await guarding({ forbidden: [{ resource: 'nodes' }] });
  await vi.waitFor(async () => {
    env.clock.advance(1000);
    expect(await ask('1.0.96.10')).toBe('NXDOMAIN');
  }, PATIENT);
  await started;
  expect(await ask('8.8.8.8')).toBe('SERVFAIL 14');
  expect(await printed(guarded.wrap!(nextHandler)(testQuery('no.shop.svc.cluster.local. A')))).toBe('NXDOMAIN');
  expect(guarded.ready!()).toBe(false);
  expect(guarded.status!()).toMatchObject({
    state: 'failing',
    summary: expect.stringContaining('nodes of http'),
  });
  expect(env.lines.join('\n')).toContain(
    'add { apiGroups: [""], resources: ["nodes"], verbs: ["list", "watch"] } to a ClusterRole',
  );
});

test('`guard networks` reads no objects', async () => {
  const { started, ask, api } = await guarding({
    lines: 'guard networks 10.244.0.0/16',
    forbidden: [{ resource: 'nodes' }],
  });
  await started;
  expect([await ask('7.2.244.10'), await ask('1.0.96.10')]).toEqual(['NXDOMAIN', 'next']);
  expect(api.requests.filter(({ path }) => /nodes|servicecidrs/.test(path))).toEqual([]);
});

const printed = async (reply: Reply | Promise<Reply>) => printRcode((await reply).rcode);
