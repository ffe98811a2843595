import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { fakeClock as testClock } from '../../../test/support/clock.ts';
import { testCluster } from '../../../test/support/cluster.ts';
import type { TestEnvOptions } from '../../../test/support/env.ts';
import { kubernetes, lines } from '../../../test/support/kubernetes.ts';
import { makePlugin, nextHandler, parsePlugin } from '../../../test/support/plugin.ts';
import { printReply, testQuery } from '../../../test/support/query.ts';
import { parseRecord, printRecord } from '../../dns/presentation.ts';
import { A, AAAA, printType, type ResourceRecord } from '../../dns/rr.ts';
import { TRANSFERS } from '../../plugin/keys.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import type { ServiceView } from '../../plugin/service-view.ts';
import { Registry } from '../../registry/registry.ts';
import { ZoneBuilder } from '../../zone/builder.ts';
import external from './index.ts';
import { MAX_TARGETS } from './targets.ts';

const CLUSTER = `
namespace shop
service shop/web 10.0.0.1 http:tcp:80 dns:udp:53
service shop/named 10.0.0.2 http:tcp:80
service shop/inside 10.0.0.3 http:tcp:80
service shop/again 10.0.0.4
external shop/alias example.org
headless shop/db
slice shop/db pg:tcp:5432 10.1.1.1=db-0 10.1.1.2=db-1
slice shop/db pg:tcp:5432 fd00:1::1=db-0
service hidden/web 10.0.0.9 http:tcp:80
`;

/** What the rest of the server has of any name, by type. */
const OTHERS: Readonly<Record<number, string>> = { [A.code]: 'A 203.0.113.1', [AAAA.code]: 'AAAA 2001:db8::9' };

function setUp(
  options = '',
  {
    registry = clusterWithExternalIPs(),
    zones = ['example.org.', '2.0.192.in-addr.arpa.'],
    resolve = (_, { name, type }) =>
      createReply('other', { answer: [parseRecord(`${name} 9 IN ${OTHERS[type] ?? 'TXT x'}`)] }),
  }: { registry?: Registry; zones?: readonly string[]; resolve?: NonNullable<TestEnvOptions['resolve']> } = {},
) {
  const { env } = kubernetes({ registry });
  const made = makePlugin(external, `k8s_external ${zones.join(' ')} {\n${options}\n}`, {
    offers: env.offers.all,
    localAddresses: ['198.51.100.53'],
    resolve,
  });
  const handler = made.plugin.wrap!(nextHandler);
  const answer = async (question: string) => handler(testQuery(question));
  const transfers = made.env.ask(TRANSFERS, 'k8s_external')[0]!;
  return {
    ...made,
    handler,
    transfers,
    registry,
    answer,
    ask: async (question: string) => outcome(await answer(question)),
  };
}

function clusterWithExternalIPs() {
  const registry = testCluster(CLUSTER);
  const expose = (name: string, ...externalIPs: string[]) =>
    registry.setService({ ...registry.service('shop', name)!, externalIPs });
  expose('web', '192.0.2.1', '192.0.2.2', '2001:db8::1', '192.0.2.1');
  expose('named', 'LB.cloud.test');
  expose('again', '192.0.2.1');
  registry.setService({ ...registry.service('hidden', 'web')!, externalIPs: ['192.0.2.9'] });
  return registry;
}

const soa = (zone: string) => `-- ${zone} 5 IN SOA ns1.dns.${zone} hostmaster.dns.${zone} 1767225600 7200 1800 86400 5`;

/** A denial with AA and nothing but one SOA record of the zone is its rcode alone, or NODATA. */
function outcome(reply: Reply): string {
  if (reply.source === 'next') return 'next';
  const text = printReply(reply);
  for (const zone of ['example.org.', '2.0.192.in-addr.arpa.']) {
    if (text === `NXDOMAIN aa\n${soa(zone)}`) return 'NXDOMAIN';
    if (text === `NOERROR aa\n${soa(zone)}`) return 'NODATA';
  }
  return text;
}

describe('answers', () => {
  test.each([
    [
      'Web.shop.example.org. A',
      lines('NOERROR aa', 'Web.shop.example.org. 5 IN A 192.0.2.1', 'Web.shop.example.org. 5 IN A 192.0.2.2'),
    ],
    ['web.shop.example.org. AAAA', lines('NOERROR aa', 'web.shop.example.org. 5 IN AAAA 2001:db8::1')],
    [
      'web.shop.example.org. SRV',
      lines(
        'NOERROR aa',
        'web.shop.example.org. 5 IN SRV 0 50 80 web.shop.example.org.',
        'web.shop.example.org. 5 IN SRV 0 50 53 web.shop.example.org.',
        '++ web.shop.example.org. 5 IN A 192.0.2.1',
        '++ web.shop.example.org. 5 IN A 192.0.2.2',
        '++ web.shop.example.org. 5 IN AAAA 2001:db8::1',
      ),
    ],
    [
      '_dns._udp.web.shop.example.org. SRV',
      lines(
        'NOERROR aa',
        '_dns._udp.web.shop.example.org. 5 IN SRV 0 100 53 web.shop.example.org.',
        '++ web.shop.example.org. 5 IN A 192.0.2.1',
        '++ web.shop.example.org. 5 IN A 192.0.2.2',
        '++ web.shop.example.org. 5 IN AAAA 2001:db8::1',
      ),
    ],
    ['_udp.web.shop.example.org. SRV', 'NODATA'],
    ['udp.web.shop.example.org. SRV', 'NODATA'],
    [
      'http.tcp.web.shop.example.org. SRV',
      lines(
        'NOERROR aa',
        'http.tcp.web.shop.example.org. 5 IN SRV 0 100 80 web.shop.example.org.',
        '++ web.shop.example.org. 5 IN A 192.0.2.1',
        '++ web.shop.example.org. 5 IN A 192.0.2.2',
        '++ web.shop.example.org. 5 IN AAAA 2001:db8::1',
      ),
    ],
    ['_dns._tcp.web.shop.example.org. SRV', 'NXDOMAIN'],
    ['x._dns._udp.web.shop.example.org. SRV', 'NXDOMAIN'],
    ['web.shop.example.org. TXT', 'NODATA'],
    ['inside.shop.example.org. A', 'NXDOMAIN'],
    ['alias.shop.example.org. A', 'NXDOMAIN'],
    ['none.shop.example.org. A', 'NXDOMAIN'],
    ['x.web.shop.example.org. A', 'NXDOMAIN'],
    ['shop.example.org. A', 'NODATA'],
    ['hidden.example.org. A', 'NXDOMAIN'],
    ['web.hidden.example.org. A', 'NXDOMAIN'],
    ['db.shop.example.org. A', 'NXDOMAIN'],
    ['example.org. A', 'NODATA'],
    [
      'example.org. SOA',
      'NOERROR aa\nexample.org. 5 IN SOA ns1.dns.example.org. hostmaster.dns.example.org. 1767225600 7200 1800 86400 5',
    ],
    [
      'example.org. NS',
      lines('NOERROR aa', 'example.org. 5 IN NS ns1.dns.example.org.', '++ ns1.dns.example.org. 5 IN A 198.51.100.53'),
    ],
    ['ns1.dns.example.org. A', 'NOERROR aa\nns1.dns.example.org. 5 IN A 198.51.100.53'],
    ['ns1.dns.example.org. AAAA', 'NODATA'],
    ['dns.example.org. A', 'NODATA'],
    ['x.dns.example.org. A', 'NXDOMAIN'],
    [
      '1.2.0.192.in-addr.arpa. PTR',
      lines(
        'NOERROR aa',
        '1.2.0.192.in-addr.arpa. 5 IN PTR web.shop.example.org.',
        '1.2.0.192.in-addr.arpa. 5 IN PTR again.shop.example.org.',
      ),
    ],
    ['1.2.0.192.in-addr.arpa. A', 'NODATA'],
    ['9.2.0.192.in-addr.arpa. PTR', 'NXDOMAIN'],
    ['x.1.2.0.192.in-addr.arpa. PTR', 'NXDOMAIN'],
    [
      'named.shop.example.org. A',
      lines('NOERROR aa', 'named.shop.example.org. 5 IN CNAME LB.cloud.test.', 'LB.cloud.test. 9 IN A 203.0.113.1'),
    ],
    ['named.shop.example.org. CNAME', lines('NOERROR aa', 'named.shop.example.org. 5 IN CNAME LB.cloud.test.')],
    [
      'named.shop.example.org. SRV',
      lines(
        'NOERROR aa',
        'named.shop.example.org. 5 IN SRV 0 100 80 LB.cloud.test.',
        '++ LB.cloud.test. 9 IN A 203.0.113.1',
        '++ LB.cloud.test. 9 IN AAAA 2001:db8::9',
      ),
    ],
    ['web.shop.example.org. A CH', 'next'],
    ['web.shop.example.com. A', 'next'],
  ])('%s', async (question, expected) => {
    const { ask, plugin } = setUp();
    await plugin.start!(new AbortController().signal);
    expect(await ask(question)).toBe(expected);
  });

  test.each([
    [
      'headless',
      'db.shop.example.org. A',
      lines('NOERROR aa', 'db.shop.example.org. 5 IN A 10.1.1.1', 'db.shop.example.org. 5 IN A 10.1.1.2'),
    ],
    ['headless', 'DB-0.db.shop.example.org. AAAA', 'NOERROR aa\nDB-0.db.shop.example.org. 5 IN AAAA fd00:1::1'],
    ['headless', 'db-2.db.shop.example.org. A', 'NXDOMAIN'],
    [
      'headless',
      '_pg._tcp.db.shop.example.org. SRV',
      lines(
        'NOERROR aa',
        '_pg._tcp.db.shop.example.org. 5 IN SRV 0 50 5432 db-0.db.shop.example.org.',
        '_pg._tcp.db.shop.example.org. 5 IN SRV 0 50 5432 db-1.db.shop.example.org.',
        '++ db-0.db.shop.example.org. 5 IN A 10.1.1.1',
        '++ db-0.db.shop.example.org. 5 IN AAAA fd00:1::1',
        '++ db-1.db.shop.example.org. 5 IN A 10.1.1.2',
      ),
    ],
    ['ttl 60', 'web.shop.example.org. AAAA', 'NOERROR aa\nweb.shop.example.org. 60 IN AAAA 2001:db8::1'],
    ['apex me', 'ns1.me.example.org. A', 'NOERROR aa\nns1.me.example.org. 5 IN A 198.51.100.53'],
    ['fallthrough', 'none.shop.example.org. A', 'next'],
    ['fallthrough', 'inside.shop.example.org. A', 'next'],
    ['fallthrough', '_udp.web.shop.example.org. A', 'NODATA'],
    ['fallthrough a.example.org', 'none.shop.example.org. A', 'NXDOMAIN'],
  ])('with %j: %s', async (options, question, expected) => {
    const { ask, plugin } = setUp(options);
    await plugin.start!(new AbortController().signal);
    expect(await ask(question)).toBe(expected);
  });
});

describe('the addresses of load balancers that have a name', () => {
  const SRV = 'named.shop.example.org. 5 IN SRV 0 100 80 LB.cloud.test.';
  async function additional(resolve: NonNullable<TestEnvOptions['resolve']>, advance = 0) {
    const { answer, plugin, env } = setUp('', { resolve });
    await plugin.start!(new AbortController().signal);
    const reply = answer('named.shop.example.org. SRV');
    env.clock.advance(advance);
    const { answer: own, repeat, additional } = await reply;
    expect(own.map((record) => printRecord(record).replaceAll('\t', ' '))).toEqual([SRV]);
    expect(repeat).toBeUndefined();
    expect(env.clock.timers).toBe(0);
    return additional.map((record) => printRecord(record).replaceAll('\t', ' '));
  }
  const reply = (...records: string[]) => createReply('other', { answer: records.map((text) => parseRecord(text)) });

  test('have the aliases before them, once', async () => {
    const found = await additional((_, { type }) =>
      reply(
        'LB.cloud.test. 9 CNAME a.cloud.test.',
        type === A.code ? 'a.cloud.test. 9 A 203.0.113.1' : 'a.cloud.test. 9 AAAA ::1',
      ),
    );
    expect(found).toEqual([
      'LB.cloud.test. 9 IN CNAME a.cloud.test.',
      'a.cloud.test. 9 IN A 203.0.113.1',
      'a.cloud.test. 9 IN AAAA ::1',
    ]);
  });

  test('are left out if nobody has them, or the way to them is broken', async () => {
    expect(await additional(() => createReply('other', { rcode: 3 }))).toEqual([]);
    expect(await additional(() => Promise.reject(new Error('broken')))).toEqual([]);
    expect(
      await additional(() => {
        throw new Error('broken');
      }),
    ).toEqual([]);
  });

  test('are waited for a second', async () => {
    const found = await additional(
      (_, { type }) => (type === A.code ? reply('LB.cloud.test. 9 A 203.0.113.1') : new Promise(() => {})),
      1000,
    );
    expect(found).toEqual(['LB.cloud.test. 9 IN A 203.0.113.1']);
  });

  test('are looked up for a few of them only', async () => {
    const registry = clusterWithExternalIPs();
    const names = Array.from({ length: 20 }, (_, i) => `lb${i}.cloud.test`);
    registry.setService({ ...registry.service('shop', 'named')!, externalIPs: names });
    const { answer, plugin } = setUp('', { registry });
    await plugin.start!(new AbortController().signal);
    const reply = await answer('named.shop.example.org. SRV');
    expect([reply.answer.length, reply.additional.length]).toEqual([20, 2 * MAX_TARGETS]);
  });
});

test('a headless service with addresses from outside is reached at these', async () => {
  const registry = clusterWithExternalIPs();
  registry.setService({ ...registry.service('shop', 'db')!, externalIPs: ['192.0.2.8'] });
  const { ask, plugin } = setUp('headless', { registry });
  await plugin.start!(new AbortController().signal);
  expect(await ask('db.shop.example.org. A')).toBe('NOERROR aa\ndb.shop.example.org. 5 IN A 192.0.2.8');
  expect(await ask('db-0.db.shop.example.org. A')).toBe('NXDOMAIN');
});

describe('transfers', () => {
  const print = (records: Iterable<ResourceRecord>) =>
    [...records].map((record) => printRecord(record).replaceAll('\t', ' '));

  test('a forward zone', async () => {
    const { plugin, transfers } = setUp('headless');
    await plugin.start!(new AbortController().signal);
    const { soa, records } = transfers.zone('example.org.')!;
    expect(print([soa])).toEqual([
      'example.org. 5 IN SOA ns1.dns.example.org. hostmaster.dns.example.org. 1767225600 7200 1800 86400 5',
    ]);
    expect(print(records())).toEqual([
      'example.org. 5 IN NS ns1.dns.example.org.',
      'ns1.dns.example.org. 5 IN A 198.51.100.53',
      'web.shop.example.org. 5 IN A 192.0.2.1',
      'web.shop.example.org. 5 IN A 192.0.2.2',
      'web.shop.example.org. 5 IN AAAA 2001:db8::1',
      'web.shop.example.org. 5 IN SRV 0 50 80 web.shop.example.org.',
      'web.shop.example.org. 5 IN SRV 0 50 53 web.shop.example.org.',
      '_http._tcp.web.shop.example.org. 5 IN SRV 0 100 80 web.shop.example.org.',
      '_dns._udp.web.shop.example.org. 5 IN SRV 0 100 53 web.shop.example.org.',
      'named.shop.example.org. 5 IN CNAME LB.cloud.test.',
      '_http._tcp.named.shop.example.org. 5 IN SRV 0 100 80 LB.cloud.test.',
      'again.shop.example.org. 5 IN A 192.0.2.1',
      'db.shop.example.org. 5 IN A 10.1.1.1',
      'db.shop.example.org. 5 IN A 10.1.1.2',
      'db.shop.example.org. 5 IN AAAA fd00:1::1',
      'db.shop.example.org. 5 IN SRV 0 50 5432 db-0.db.shop.example.org.',
      'db.shop.example.org. 5 IN SRV 0 50 5432 db-1.db.shop.example.org.',
      '_pg._tcp.db.shop.example.org. 5 IN SRV 0 50 5432 db-0.db.shop.example.org.',
      '_pg._tcp.db.shop.example.org. 5 IN SRV 0 50 5432 db-1.db.shop.example.org.',
      'db-0.db.shop.example.org. 5 IN A 10.1.1.1',
      'db-0.db.shop.example.org. 5 IN AAAA fd00:1::1',
      'db-0.db.shop.example.org. 5 IN SRV 0 100 5432 db-0.db.shop.example.org.',
      'db-1.db.shop.example.org. 5 IN A 10.1.1.2',
      'db-1.db.shop.example.org. 5 IN SRV 0 100 5432 db-1.db.shop.example.org.',
    ]);
  });

  test('a reverse zone', async () => {
    const { plugin, transfers } = setUp();
    await plugin.start!(new AbortController().signal);
    expect(print(transfers.zone('2.0.192.in-addr.arpa.')!.records())).toEqual([
      '2.0.192.in-addr.arpa. 5 IN NS ns1.dns.2.0.192.in-addr.arpa.',
      'ns1.dns.2.0.192.in-addr.arpa. 5 IN A 198.51.100.53',
      '1.2.0.192.in-addr.arpa. 5 IN PTR web.shop.example.org.',
      '1.2.0.192.in-addr.arpa. 5 IN PTR again.shop.example.org.',
      '2.2.0.192.in-addr.arpa. 5 IN PTR web.shop.example.org.',
    ]);
  });

  test.each(['', 'headless'])('with %j, what is transferred is what is answered, and makes a zone', async (options) => {
    const { plugin, transfers, answer } = setUp(options);
    await plugin.start!(new AbortController().signal);
    for (const zone of transfers.zones) {
      const { soa, records } = transfers.zone(zone)!;
      const builder = new ZoneBuilder(zone);
      const all = [soa, ...records()];
      for (const record of all) builder.add(record);
      builder.finish();
      for (const [question, rrset] of Map.groupBy(all, ({ name, type }) => `${name} ${printType(type)}`)) {
        expect([question, print((await answer(question)).answer)]).toEqual([question, print(rrset)]);
      }
    }
  });

  test('a zone inside another is left out there, and there is none while the cluster is not known', async () => {
    const nested = setUp('', { zones: ['example.org.', 'shop.example.org.'] });
    await nested.plugin.start!(new AbortController().signal);
    expect(print(nested.transfers.zone('example.org.')!.records())).toHaveLength(2);
    const unknown = setUp('', { registry: new Registry(setUp().env.clock) });
    expect(unknown.transfers.zone('example.org.')).toBeUndefined();
    await unknown.plugin.start!(new AbortController().signal);
    expect(unknown.transfers.zone('example.org.')).toBeUndefined();
  });

  test.each([
    ['', [false, true, false, false, true]],
    ['headless', [false, true, true, true, true]],
  ])('with %j, the serial moves with what the zones show', async (options, expected) => {
    const { plugin, transfers, registry } = setUp(options);
    await plugin.start!(new AbortController().signal);
    let moves = 0;
    const end = transfers.onChange('example.org.', () => moves++);
    const moved = (change: () => void) => {
      const before = moves;
      change();
      return moves > before;
    };
    const service = (name: string) => registry.service('shop', name)!;
    const slice = registry.slicesOf('shop', 'db')[0]!;
    expect([
      moved(() => registry.setService({ ...service('inside'), ports: [] })),
      moved(() => registry.setService({ ...service('web'), externalIPs: ['192.0.2.7'] })),
      moved(() => registry.setService({ ...service('db'), ports: [] })),
      moved(() => registry.setSlice({ ...slice, endpoints: [] })),
      moved(() => registry.setService({ ...service('web'), externalIPs: [] })),
    ]).toEqual(expected);
    end();
    expect(moved(() => registry.setService({ ...service('web'), externalIPs: ['192.0.2.7'] }))).toBe(false);
  });
});

test('a server that is itself a service is reached at its addresses from outside', async () => {
  const registry = testCluster(
    'namespace kube-system\nservice kube-system/dns 10.0.0.10\nslice kube-system/dns - 198.51.100.53',
  );
  registry.setService({ ...registry.service('kube-system', 'dns')!, externalIPs: ['192.0.2.53', 'lb.test'] });
  const { ask, plugin } = setUp('', { registry });
  await plugin.start!(new AbortController().signal);
  expect(await ask('ns1.dns.example.org. A')).toBe('NOERROR aa\nns1.dns.example.org. 5 IN A 192.0.2.53');
});

test('nothing is denied while the cluster is not known', async () => {
  const { answer, plugin } = setUp('', { registry: new Registry(setUp().env.clock) });
  await plugin.start!(new AbortController().signal);
  expect(await answer('web.shop.example.org. A')).toMatchObject({
    rcode: 2,
    ednsOptions: [{ data: Uint8Array.of(0, 14) }],
  });
  expect(await answer('example.org. SOA')).toMatchObject({ rcode: 0 });
});

test('what is kept of an answer ends with a change of the service, of a denial with any', async () => {
  const { answer, plugin, registry } = setUp('headless');
  await plugin.start!(new AbortController().signal);
  const replies = await Promise.all(
    ['web.shop', 'db.shop', 'none.shop'].map((name) => answer(`${name}.example.org. A`)),
  );
  const values = () => replies.map(({ repeat }) => repeat!.epochs.reduce((sum, { value }) => sum + value, 0));
  const moved = (change: () => void) => {
    const before = values();
    change();
    return values().map((value, i) => value !== before[i]);
  };
  const web = registry.service('shop', 'web')!;
  const slice = registry.slicesOf('shop', 'db')[0]!;
  expect(moved(() => registry.setService({ ...web, externalIPs: ['192.0.2.7'] }))).toEqual([true, false, true]);
  expect(moved(() => registry.setSlice({ ...slice, endpoints: [] }))).toEqual([false, true, true]);
  expect((await answer('web.shop.example.org. A')).answer[0]!.data).toEqual({ address: '192.0.2.7' });
  expect((await answer('named.shop.example.org. A')).repeat).toBeUndefined();
  expect((await answer('example.org. NS')).repeat).toBeUndefined();
  const serial = (reply: Reply) => (reply.answer[0]!.data as { serial: number }).serial;
  expect(serial(await answer('example.org. SOA'))).toBeGreaterThan(1_767_225_600);
  await plugin.stop!();
});

test('without kubernetes in the block, it does not start', async () => {
  const { plugin } = makePlugin(external, 'k8s_external example.org');
  await expect(plugin.start!(new AbortController().signal)).rejects.toThrow(
    "'kubernetes' must be in the same server block",
  );
});

describe('options', () => {
  test('all of them', () => {
    const body =
      'k8s_external 10.0.0.0/8 A.test {\napex Me\nttl 0\nheadless\nfallthrough a.test\n}\nk8s_external b.test';
    expect(parsePlugin(external, body)).toEqual([
      {
        zones: ['10.in-addr.arpa.', 'a.test.'],
        primary: 'a.test.',
        apex: 'me',
        ttl: 0,
        headless: true,
        fallthrough: ['a.test.'],
      },
      { zones: ['b.test.'], primary: 'b.test.', apex: 'dns', ttl: 5, headless: false, fallthrough: [] },
    ]);
  });

  test.each([
    ['k8s_external 10.0.0.0/8', 'Corefile:1:1 - Error during parsing: non-reverse zone name must be used'],
    [
      'k8s_external {\nttl 3601\n}',
      "Corefile:2:5 - Error during parsing: invalid ttl '3601', expecting a whole number from 0 to 3600",
    ],
    ['k8s_external {\napex a.b\n}', "Corefile:2:6 - Error during parsing: expecting one label such as dns, not 'a.b'"],
    ['k8s_external {\nheadless x\n}', "Wrong argument count or unexpected line ending after 'x'"],
    ['k8s_external {\nnope\n}', "unknown property 'nope'"],
  ])('%j is an error', (body, message) => {
    expect(() => parsePlugin(external, body)).toThrow(message);
  });
});

describe('of a headless service with 20,000 endpoints', () => {
  const addresses = Array.from({ length: 20_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}=pod-${i}`);
  const registry = testCluster(`namespace shop\nheadless shop/many\nslice shop/many x:tcp:1 ${addresses.join(' ')}`);
  const { handler, plugin } = setUp('headless', { registry });
  beforeAll(() => plugin.start!(new AbortController().signal));

  test.each([
    ['SRV', 'many.shop.example.org.', { protocol: 'udp', edns: { udpSize: 1232 } }, 1232 / 18 + 2],
    ['SRV', 'many.shop.example.org.', { protocol: 'tcp' }, 65_535 / 18 + 2],
    ['SRV', '_x._tcp.many.shop.example.org.', { protocol: 'udp' }, 512 / 18 + 2],
    ['A', 'many.shop.example.org.', { protocol: 'udp' }, 65_535 / 15 + 2],
  ] as const)('hardly more %s records of %s are made than fit into %j', async (type, name, options, limit) => {
    const { answer, additional } = await handler(testQuery(`${name} ${type}`, options));
    expect(answer.length).toBeGreaterThan(limit / 2);
    expect(answer.length).toBeLessThan(limit);
    // Nor does it look for addresses that it has left out.
    expect(additional).toEqual([]);
  });
});

test('what the plugin is offered of the registry cannot change it', () => {
  type Offered = ServiceView['registry'];
  expectTypeOf<Extract<keyof Offered, `${'set' | 'delete' | 'replace' | 'mark'}${string}`>>().toEqualTypeOf<never>();
  expectTypeOf<Extract<keyof Offered['imports'], `${'set' | 'delete' | 'replace'}${string}`>>().toEqualTypeOf<never>();
});

test('the status says whether the cluster is known', async () => {
  const { plugin } = setUp();
  expect(plugin.status!().state).toBe('waiting');
  await plugin.start!(new AbortController().signal);
  expect(plugin.status!()).toEqual({ summary: expect.stringMatching(/^Answers from \d+ services of the cluster\.$/) });
  const registry = new Registry(testClock());
  const unknown = setUp('', { registry }).plugin;
  await unknown.start!(new AbortController().signal);
  expect(unknown.status!()).toMatchObject({
    state: 'waiting',
    summary: expect.stringMatching(
      /^Names that are not found get SERVFAIL until .*: the first load is not complete\.$/,
    ),
  });
});
