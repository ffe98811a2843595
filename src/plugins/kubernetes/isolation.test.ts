import { describe, expect, test } from 'vitest';
import { testCluster } from '../../../test/support/cluster.ts';
import { kubernetes } from '../../../test/support/kubernetes.ts';
import { printReply, testQuery } from '../../../test/support/query.ts';
import { parseIP } from '../../dns/ip.ts';
import { parentOf } from '../../dns/name.ts';
import { reverseName } from '../../dns/reverse.ts';
import { SERVICES, TRANSFERS } from '../../plugin/keys.ts';
import { passagesOf } from '../../plugin/passages.ts';
import type { Reply } from '../../plugin/reply.ts';

const ZONES = ['cluster.local.', 'set.local.', 'in-addr.arpa.', 'ip6.arpa.'];

/** Some of everything in the namespaces a, b, c and shared. `both` is a name of a service in several. */
const CLUSTER = `
namespace a team=one
namespace b team=one
namespace c team=two
namespace shared public=yes
service a/web 10.96.1.1 http:tcp:80
slice a/web http:tcp:8080 10.1.1.1=front 10.1.1.2
service a/both 10.96.1.2 x:udp:1
external a/near web.b.svc.cluster.local
external a/self web.a.svc.cluster.local
pod a/client 10.9.1.1,fd00:9:1::1
service b/web 10.96.2.1,fd00::2 http:tcp:80
service b/both 10.96.2.2 y:tcp:2
headless b/db
slice b/db pg:tcp:5432 10.1.2.1=db-0 10.1.2.2=db-1
slice b/db pg:tcp:5432 fd00:1::2=db-0
pod b/client 10.9.2.1
service c/only 10.97.3.1 http:tcp:80
headless c/all
slice c/all pg:tcp:5432 10.1.2.1=theirs 10.2.3.1 10.1.1.1
pod c/client 10.9.3.1
external c/far www.example.com
service shared/log 10.96.4.1 http:tcp:80
pod shared/agent 10.9.4.1
pod shared/node 10.9.4.2 host
import b/web 10.98.0.1 http:tcp:80
import a/db headless http:tcp:80
imported a/db east http:tcp:80 10.99.0.1=db-0
`;

const CLIENTS: Readonly<Record<string, string>> = {
  a: '10.9.1.1',
  'a over IPv6': 'fd00:9:1::1',
  b: '10.9.2.1',
  c: '10.9.3.1',
  shared: '10.9.4.1',
  'a node': '10.9.4.2',
  outside: '192.0.2.77',
};

const OPTIONS = 'pods verified\nmulticluster set.local';

function isolated(lines = 'isolate', more = '') {
  return kubernetes({ zones: ZONES, cluster: CLUSTER, options: `${OPTIONS}\n${lines}\n${more}` });
}

type Plugin = ReturnType<typeof kubernetes>;

const askFrom = ({ handler }: Plugin, client: string, question: string) =>
  handler(testQuery(question, { client: { address: CLIENTS[client] ?? client, port: 5000 } })) as Reply;

/** The cluster with only these namespaces. */
const only = (namespaces: readonly string[]) =>
  CLUSTER.split('\n')
    .filter((line) => namespaces.includes(line.split(' ')[1]?.split('/')[0] ?? ''))
    .join('\n');

const registry = testCluster(CLUSTER);
const addresses = [
  ...[...registry.services()].flatMap(({ clusterIPs }) => clusterIPs),
  ...[...registry.slices()].flatMap(({ endpoints }) => endpoints.map(({ address }) => address)),
  ...[...registry.pods()].flatMap(({ ips }) => ips),
];

function* above(name: string): Iterable<string> {
  for (let at: string | undefined = name; at !== undefined && at !== '.'; at = parentOf(at)) yield at;
}

/** All names that any object has in the zones, those above them, and some similar names. */
const NAMES = new Set(
  [
    ...['a', 'b', 'c', 'shared', 'nobody'].flatMap((namespace) =>
      ['web', 'both', 'near', 'self', 'far', 'db', 'all', 'only', 'log', 'no'].flatMap((service) =>
        [
          '',
          '_http._tcp.',
          '_y._tcp.',
          '_._tcp.',
          '_pg._tcp.',
          'front.',
          'db-0.',
          'theirs.',
          '10-1-1-2.',
          'db-0.east.',
          '*.',
        ].flatMap((first) => ZONES.slice(0, 2).map((zone) => `${first}${service}.${namespace}.svc.${zone}`)),
      ),
    ),
    ...['a', 'b', 'c', 'shared'].flatMap((namespace) =>
      addresses.map((address) => `${address.replaceAll(/[.:]/g, '-')}.${namespace}.pod.cluster.local.`),
    ),
    ...addresses.map((address) => reverseName(parseIP(address)!)),
    ...[
      '*.svc.cluster.local.',
      'dns-version.cluster.local.',
      'ns.dns.cluster.local.',
      'www.example.com.cluster.local.',
    ],
  ].flatMap((name) => [...above(name)]),
);

const QUESTIONS = [...NAMES].flatMap((name) =>
  ['A', 'AAAA', 'SRV', 'TXT', 'PTR', 'ANY', 'SOA', 'NS'].map((type) => `${name} ${type}`),
);

describe.each<[string, string, readonly string[]]>([
  ['isolate', 'a', ['a']],
  ['isolate', 'a over IPv6', ['a']],
  ['isolate', 'b', ['b']],
  ['isolate', 'c', ['c']],
  ['isolate', 'a node', []],
  ['isolate', 'outside', []],
  ['isolate default allow', 'c', ['c']],
  ['isolate default allow', 'a node', ['a', 'b', 'c', 'shared']],
  ['isolate default allow', 'outside', ['a', 'b', 'c', 'shared']],
  ['isolate allow * shared', 'a', ['a', 'shared']],
  ['isolate allow * shared', 'outside', []],
  ['isolate allow a b', 'a', ['a', 'b']],
  ['isolate allow a b', 'b', ['b']],
  ['isolate allow team=one team=one public=yes', 'a', ['a', 'b', 'shared']],
  ['isolate allow team=one team=one public=yes', 'c', ['c']],
  ['isolate allow "team in (two, one)" shared\nisolate allow c *', 'b', ['b', 'shared']],
  ['isolate allow "team in (two, one)" shared\nisolate allow c *', 'c', ['a', 'b', 'c', 'shared']],
  ['isolate allow !public !public', 'a', ['a', 'b', 'c']],
  ['ptr hostname-first\nisolate', 'c', ['c']],
  ['ptr headless-only\nisolate', 'a', ['a']],
])('%j: for %s, exactly the namespaces %j are there', (lines, client, namespaces) => {
  const plugin = isolated(lines);
  const others = lines.split('\n').filter((line) => !line.startsWith('isolate'));
  const options = [OPTIONS, ...others].join('\n');
  const reference = kubernetes({ zones: ZONES, cluster: only(namespaces), options });

  test('with the same response to each question', () => {
    const different = QUESTIONS.filter(
      (question) => printReply(askFrom(plugin, client, question)) !== printReply(reference.ask(question)),
    );
    expect(different).toEqual([]);
    const exists = QUESTIONS.some((question) => printReply(reference.ask(question)).includes('IN A '));
    expect(exists).toBe(true);
  });
});

test('a reply is for its client alone if it is another one for other clients', () => {
  const plugin = isolated('isolate allow * shared');
  for (const question of QUESTIONS) {
    const replies = Object.keys(CLIENTS).map((client) => askFrom(plugin, client, question));
    if (replies.some(({ source }) => source !== 'kubernetes')) continue;
    const isShared = replies.some(({ repeat }) => repeat);
    const different = new Set(replies.map(printReply)).size;
    expect([question, isShared ? different : 1]).toEqual([question, 1]);
    expect([question, replies.every(({ uncacheable }) => uncacheable)]).toEqual([question, true]);
  }
});

test.each([
  ['that no object can have', ['www.example.com.cluster.local.', 'a.www.example.com.a.svc.cluster.local.'], true],
  ['that are hidden', ['web.b.svc.cluster.local.', 'b.svc.cluster.local.', '1.2.96.10.in-addr.arpa.'], false],
  ['that nobody has', ['no.b.svc.cluster.local.', 'no.svc.cluster.local.', '77.2.96.10.in-addr.arpa.'], false],
])('denials of names %s come from the memo or not: their time must not tell what is hidden', (_, names, isRepeated) => {
  const plugin = isolated();
  for (const name of names) {
    const query = testQuery(`${name} A`, { client: { address: '10.9.1.1', port: 5000 } });
    const { rcode, repeat } = plugin.handler(query) as Reply;
    expect([name, rcode, repeat !== undefined, passagesOf(query)]).toEqual([name, 3, isRepeated, isRepeated ? 0 : 1]);
  }
});

test('what is hidden falls through like a name that does not exist, and the reply is for this client alone', () => {
  const plugin = isolated('isolate', 'fallthrough');
  const reply = askFrom(plugin, 'a', 'web.b.svc.cluster.local. A');
  expect([reply.source, reply.uncacheable, reply.repeat]).toEqual(['next', true, undefined]);
  expect(askFrom(plugin, 'b', 'web.b.svc.cluster.local. A').answer).toHaveLength(1);
});

test.each(['fallthrough', 'fallthrough in-addr.arpa ip6.arpa'])(
  '%s: the next plugins cannot tell a client by their caches which names are hidden and which nobody has',
  (fallthrough) => {
    const plugin = isolated('isolate', fallthrough);
    const pass = (name: string) => {
      const client = { address: '10.9.1.1', port: 5000 };
      const query = testQuery(`${name} PTR`, { client });
      const { source, uncacheable, repeat } = plugin.handler(query) as Reply;
      return source === 'next' ? { uncacheable, repeat, isForOne: passagesOf(query) > 0 } : 'denied here';
    };
    const hidden = ['web.b.svc.cluster.local.', '1.2.96.10.in-addr.arpa.'].map(pass);
    expect(['no.b.svc.cluster.local.', '77.2.96.10.in-addr.arpa.'].map(pass)).toEqual(hidden);
    expect(hidden[1]).toEqual({ uncacheable: true, repeat: undefined, isForOne: true });
    expect(pass('www.example.com.')).toEqual({ uncacheable: undefined, repeat: undefined, isForOne: false });
  },
);

test('the serial does not tell a client that something has changed in other namespaces', () => {
  const plugin = isolated();
  const soaOf = (question: string) => printReply(askFrom(plugin, 'a', question)).match(/IN SOA .*/)?.[0];
  const questions = ['web.b.svc.cluster.local. A', 'no.b.svc.cluster.local. A', 'cluster.local. SOA', 'set.local. A'];
  const before = questions.map(soaOf);
  plugin.env.clock.advance(5000);
  plugin.registry.deleteService('b', 'web');
  plugin.registry.imports.deleteService('b', 'web');
  expect(questions.map(soaOf)).toEqual(before);
});

test('labels that change, and namespaces that come, take effect at once', () => {
  const plugin = isolated('isolate allow team=one team=one');
  const { registry } = plugin;
  const rcode = () => askFrom(plugin, 'a', 'only.c.svc.cluster.local. A').rcode;
  expect(rcode()).toBe(3);
  registry.setNamespace({ name: 'c', labels: { team: 'one' } });
  expect(rcode()).toBe(0);
  registry.setNamespace({ name: 'a', labels: { team: 'three' } });
  expect(rcode()).toBe(3);
  registry.setNamespace({ name: 'a' });
  expect(rcode()).toBe(3);
});

test('a pod that another namespace gets the address of is another client', () => {
  const plugin = isolated();
  const { registry } = plugin;
  const rcode = () => askFrom(plugin, '10.9.1.1', 'web.a.svc.cluster.local. A').rcode;
  expect(rcode()).toBe(0);
  registry.setPod({ namespace: 'c', name: 'next', ips: ['10.9.1.1'], hostNetwork: false, labels: {} });
  expect(rcode()).toBe(3);
  registry.deletePod('a', 'client');
  expect(rcode()).toBe(3);
  registry.deletePod('c', 'next');
  expect(rcode()).toBe(3);
});

test.each(['isolate', 'isolate default allow'])(
  '%s: until all pods are known, an unknown client gets no names and no denials',
  (lines) => {
    const plugin = isolated(lines);
    (plugin.registry as ReturnType<typeof testCluster>).markUnsynced('pods are missing', 'pod');
    expect(askFrom(plugin, 'outside', 'web.b.svc.cluster.local. A').rcode).toBe(2);
    expect(askFrom(plugin, 'a', 'web.b.svc.cluster.local. A').rcode).toBe(2);
    expect(askFrom(plugin, 'a', 'web.a.svc.cluster.local. A').rcode).toBe(0);
  },
);

test('a name server that is a service of a hidden namespace has no name of its own', () => {
  const dns =
    'namespace kube-system\nservice kube-system/dns 10.96.0.10 dns:udp:53\nslice kube-system/dns dns:udp:53 192.0.2.53\n';
  const plugin = kubernetes({
    zones: ZONES,
    cluster: CLUSTER + dns,
    options: `${OPTIONS}\nisolate allow b kube-system`,
  });
  const printed = (client: string, question: string) => printReply(askFrom(plugin, client, question));
  expect(printed('a', 'cluster.local. NS')).toContain(
    'IN NS ns.dns.cluster.local.\n++ ns.dns.cluster.local. 5 IN A 10.96.0.10',
  );
  expect(printed('a', 'ns.dns.cluster.local. A')).toContain('IN A 10.96.0.10');
  expect(printed('a', 'in-addr.arpa. NS')).toContain('IN NS ns.dns.cluster.local.');
  expect(printed('b', 'cluster.local. NS')).toContain('IN NS dns.kube-system.svc.cluster.local.');
});

test('hidden names are counted and explained', async () => {
  const plugin = isolated();
  const question = 'web.b.svc.cluster.local. A';
  const explainTo = (client: string) =>
    plugin.plugin.explain!(
      testQuery(question, { client: { address: CLIENTS[client]!, port: 1 } }),
      askFrom(plugin, client, question),
    );
  expect(explainTo('a')).toBe('the option `isolate` hides it from pods of the namespace a');
  expect(explainTo('outside')).toBe('the option `isolate` hides it from clients that are no known pods');
  expect(explainTo('b')).toMatch(/^service b\/web: cluster IP/);
  const missing = testQuery('wob.b.svc.cluster.local. A', { client: { address: '10.9.1.1', port: 1 } });
  expect(plugin.plugin.explain!(missing, plugin.handler(missing) as Reply)).toMatch(/^namespace b has no service wob/);
  expect(await plugin.env.exposed('cairn_kubernetes_isolated')).toEqual([
    'cairn_kubernetes_isolated_total{server="dns://:53"} 2',
  ]);
});

test('nothing of all namespaces is offered to other plugins', () => {
  const { env } = isolated();
  expect([env.ask(SERVICES), env.ask(TRANSFERS)]).toEqual([[], []]);
});
