import { describe, expect, test } from 'vitest';
import { type KubernetesSetup, kubernetes, lines, outcome } from '../../../test/support/kubernetes.ts';
import { printReply, testQuery } from '../../../test/support/query.ts';
import { Rcode } from '../../dns/message.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { createReply, failure, type Reply } from '../../plugin/reply.ts';

const LONG = Array.from({ length: 12 }, (_, i) => `external shop/n${i} n${i + 1}.shop.svc.cluster.local`).join('\n');

const CLUSTER = `
namespace shop
service shop/web 10.0.0.1 http:tcp:80
external shop/in Web.shop.svc.Cluster.local
external shop/in-twice in.shop.svc.cluster.local
external shop/missing nothing.shop.svc.cluster.local
external shop/apex cluster.local
external shop/out www.Example.org
external shop/in-out out.shop.svc.cluster.local.
external shop/self self.shop.svc.cluster.local
external shop/below x.below.shop.svc.cluster.local
external shop/ping pong.shop.svc.cluster.local
external shop/pong ping.shop.svc.cluster.local
external shop/v4 192.0.2.7
external shop/v6 2001:DB8:0::7
external shop/bad a..b
${LONG}
`;

const UPSTREAM_SOA = parseRecord('example.org. 60 IN SOA ns.example.org. host.example.org. 1 2 3 4 5');

/** What the rest of the server answers to each question. */
const UPSTREAM: Readonly<Record<string, Reply>> = {
  'www.Example.org. 1': createReply('forward', {
    ra: true,
    ad: true,
    answer: ['www.Example.org. 60 IN CNAME a.test.', 'a.test. 9 IN A 192.0.2.1'].map((text) => parseRecord(text)),
    authority: [parseRecord('test. 9 IN NS ns.test.')],
  }),
  'www.Example.org. 28': createReply('forward', { authority: [UPSTREAM_SOA] }),
  'www.Example.org. 16': createReply('forward', { rcode: Rcode.NXDOMAIN, authority: [UPSTREAM_SOA] }),
  'www.Example.org. 15': failure('forward', Rcode.SERVFAIL, new Error('no route')),
  'www.Example.org. 2': failure('', Rcode.REFUSED),
  'www.Example.org. 6': failure('forward', Rcode.REFUSED, new Error('too many queries')),
  'www.Example.org. 33': createReply('forward', { tc: true }),
};

function setUp(setup: KubernetesSetup = {}) {
  const resolve: KubernetesSetup['resolve'] = (_, { name, type }) => UPSTREAM[`${name} ${type}`]!;
  return kubernetes({ cluster: CLUSTER, resolve, ...setup });
}

const at = (name: string) => `${name}.shop.svc.cluster.local.`;
const cname = (name: string, target: string) => `${name.includes('.') ? name : at(name)} 5 IN CNAME ${target}`;
const SOA = `-- cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1767225600 7200 1800 86400 5`;
const OUT = cname('out', 'www.Example.org.');
const IN = cname('in', 'Web.shop.svc.Cluster.local.');
const WEB = 'Web.shop.svc.Cluster.local. 5 IN';

describe('a target inside the zone', () => {
  const { ask } = setUp({ options: 'fallthrough' });

  test.each([
    ['in CNAME', 'NOERROR aa', IN],
    ['in ANY', 'NOERROR aa', IN],
    ['in A', 'NOERROR aa', IN, `${WEB} A 10.0.0.1`],
    ['in AAAA', 'NOERROR aa', IN, SOA],
    ['in TXT', 'NOERROR aa', IN, SOA],
    [
      'in SRV',
      'NOERROR aa',
      IN,
      `${WEB} SRV 0 100 80 web.shop.svc.cluster.local.`,
      '++ web.shop.svc.cluster.local. 5 IN A 10.0.0.1',
    ],
    ['in-twice A', 'NOERROR aa', cname('in-twice', at('in')), IN, `${WEB} A 10.0.0.1`],
    ['missing A', 'NXDOMAIN aa', cname('missing', at('nothing')), SOA],
    ['missing HTTPS', 'NXDOMAIN aa', cname('missing', at('nothing')), SOA],
    ['apex SOA', 'NOERROR aa', cname('apex', 'cluster.local.'), SOA.slice(3)],
    ['below A', 'NXDOMAIN aa', cname('below', `x.${at('below')}`), SOA],
    ['self CNAME', 'NOERROR aa', cname('self', at('self'))],
    ['self A', 'SERVFAIL'],
    ['ping A', 'SERVFAIL'],
    ['n1 A', 'SERVFAIL'],
    ['x.in A', 'next'],
    ['_http._tcp.in A', 'next'],
  ])('%s', (question, ...expected) => {
    const [name = '', type] = question.split(' ');
    expect(outcome(ask(`${at(name)} ${type}`))).toBe(lines(...expected));
  });

  test('ten CNAME records are followed', () => {
    const reply = ask(`${at('n3')} A`);
    expect([reply.rcode, reply.answer.length]).toEqual([Rcode.NXDOMAIN, 9]);
    expect(ask(`${at('n2')} A`).answer).toHaveLength(10);
  });

  test('an endless chain says where it leads', () => {
    expect(ask(`${at('ping')} A`).error?.message).toContain(`${at('ping')} leads back to ${at('ping')}`);
  });

  test('until the registry is synced, a missing target is in doubt', () => {
    const { ask, registry } = setUp();
    registry.markUnsynced('the folder is not there');
    expect(printReply(ask(`${at('missing')} A`))).toBe('SERVFAIL aa');
    expect(ask(`${at('in')} A`).answer).toHaveLength(2);
  });
});

describe('a target that others answer for', () => {
  const { ask } = setUp();

  test.each([
    ['out CNAME', 'NOERROR aa', OUT],
    ['out A', 'NOERROR aa ra', OUT, 'www.Example.org. 60 IN CNAME a.test.', 'a.test. 9 IN A 192.0.2.1'],
    ['out AAAA', 'NOERROR aa', OUT, '-- example.org. 60 IN SOA ns.example.org. host.example.org. 1 2 3 4 5'],
    ['out TXT', 'NXDOMAIN aa', OUT, '-- example.org. 60 IN SOA ns.example.org. host.example.org. 1 2 3 4 5'],
    ['out MX', 'SERVFAIL aa', OUT],
    ['out NS', 'NOERROR aa', OUT],
    ['out SOA', 'SERVFAIL aa', OUT],
    ['out SRV', 'NOERROR aa tc', OUT],
    [
      'in-out A',
      'NOERROR aa ra',
      cname('in-out', at('out')),
      OUT,
      'www.Example.org. 60 IN CNAME a.test.',
      'a.test. 9 IN A 192.0.2.1',
    ],
  ])('%s', (question, ...expected) => {
    const [name = '', type] = question.split(' ');
    expect(printReply(ask(`${at(name)} ${type}`))).toBe(lines(...expected));
  });

  test('the reply may come later, and the error of a failure comes with it', async () => {
    const { handler } = setUp({ resolve: async () => UPSTREAM['www.Example.org. 15']! });
    const reply = await handler(testQuery(`${at('out')} A`));
    expect(printReply(reply)).toBe(lines('SERVFAIL aa', OUT));
    expect(reply).toMatchObject({ source: 'kubernetes', error: { message: 'no route' } });
  });
});

describe('a target that is not a host name', () => {
  test.each(['v4 A', 'v6 AAAA', 'v4 CNAME', 'bad A', 'bad CNAME'])('%s is NXDOMAIN', (question) => {
    const [name = '', type] = question.split(' ');
    expect(outcome(setUp().ask(`${at(name)} ${type}`))).toBe('NXDOMAIN');
  });

  test.each([
    ['v4 A', 'NOERROR aa', `${at('v4')} 5 IN A 192.0.2.7`],
    ['v4 AAAA', 'NODATA'],
    ['v6 AAAA', 'NOERROR aa', `${at('v6')} 5 IN AAAA 2001:db8::7`],
    ['v6 CNAME', 'NODATA'],
    ['x.v6 A', 'NXDOMAIN'],
  ])('with external_name_ip, %s', (question, ...expected) => {
    const [name = '', type] = question.split(' ');
    expect(outcome(setUp({ options: 'external_name_ip' }).ask(`${at(name)} ${type}`))).toBe(lines(...expected));
  });
});
