import packet, { type Packet, type Answer as PacketAnswer } from 'dns-packet';
import { expect, test } from 'vitest';
import { fakeClock } from '../../test/support/clock.ts';
import type { ResolverOptions, Transport } from './api.ts';
import { createResolver } from './resolver.ts';

const POD = 'search prod.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n';

const RECORDS: PacketAnswer[] = [
  { name: 'web.prod.svc.cluster.local', type: 'A', ttl: 5, data: '10.96.1.1' },
  { name: 'web.prod.svc.cluster.local', type: 'AAAA', ttl: 5, data: 'fd00::1' },
  {
    name: '_http._tcp.web.prod.svc.cluster.local',
    type: 'SRV',
    ttl: 5,
    data: { target: 'web.prod.svc.cluster.local', port: 80, priority: 0, weight: 100 },
  },
  { name: 'dns-version.cluster.local', type: 'TXT', ttl: 5, data: [Buffer.from('1.1.0'), Buffer.from('more')] },
  { name: 'ext.prod.svc.cluster.local', type: 'CNAME', ttl: 5, data: 'example.test' },
  { name: '1.1.96.10.in-addr.arpa', type: 'PTR', ttl: 5, data: 'web.prod.svc.cluster.local' },
  {
    name: 'cluster.local',
    type: 'SOA',
    ttl: 5,
    data: {
      mname: 'ns.dns.cluster.local',
      rname: 'hostmaster.cluster.local',
      serial: 1,
      refresh: 2,
      retry: 3,
      expire: 4,
      minimum: 5,
    },
  },
  { name: 'cluster.local', type: 'NS', ttl: 5, data: 'ns.dns.cluster.local' },
  { name: 'cluster.local', type: 'MX', ttl: 5, data: { exchange: 'mail.test', preference: 10 } },
  { name: 'cluster.local', type: 'CAA', ttl: 5, data: { flags: 0, tag: 'issue', value: 'ca.test' } },
  {
    name: 'cluster.local',
    type: 'NAPTR',
    ttl: 5,
    data: { order: 1, preference: 2, flags: 'S', services: 'SIP+D2U', regexp: '', replacement: '_sip.test' },
  },
];

/** A server that knows RECORDS: all else does not exist, or has no data of the type asked for. */
const records: Transport = async (message) => {
  const { id = 0, questions = [] } = packet.decode(Buffer.from(message));
  const named = RECORDS.filter(({ name }) => name === questions[0]!.name);
  const answers = named.filter(({ type }) => type === questions[0]!.type);
  const flags = packet.AUTHORITATIVE_ANSWER | (named.length === 0 ? 3 : 0);
  return packet.encode({ type: 'response', id, flags, questions, answers } as Packet);
};

const resolverWith = (options: Partial<ResolverOptions> = {}) =>
  createResolver({ resolvConf: POD, transport: records, ...options });

test('finds what node:dns/promises would find', async () => {
  const resolver = resolverWith();
  expect(await resolver.lookup('web')).toEqual({ address: '10.96.1.1', family: 4 });
  expect(await resolver.lookup('web', { family: 6 })).toEqual({ address: 'fd00::1', family: 6 });
  expect(await resolver.lookup('web', { all: true })).toEqual([
    { address: '10.96.1.1', family: 4 },
    { address: 'fd00::1', family: 6 },
  ]);
  expect(await resolver.lookup('192.0.2.7')).toEqual({ address: '192.0.2.7', family: 4 });
  expect(await resolver.resolve4('web.prod')).toEqual(['10.96.1.1']);
  expect(await resolver.resolve6('web')).toEqual(['fd00::1']);
  expect(await resolver.resolveSrv('_http._tcp.web')).toEqual([
    { name: 'web.prod.svc.cluster.local', port: 80, priority: 0, weight: 100, type: 'SRV' },
  ]);
  expect(await resolver.resolveTxt('dns-version.cluster.local.')).toEqual([['1.1.0', 'more']]);
  expect(await resolver.resolveCname('ext')).toEqual(['example.test']);
  expect(await resolver.reverse('10.96.1.1')).toEqual(['web.prod.svc.cluster.local']);
  expect(await resolver.resolvePtr('1.1.96.10.in-addr.arpa')).toEqual(['web.prod.svc.cluster.local']);
  expect(await resolver.resolveSoa('cluster.local.')).toMatchObject({ nsname: 'ns.dns.cluster.local', minttl: 5 });
  expect(await resolver.resolveNs('cluster.local.')).toEqual(['ns.dns.cluster.local']);
  expect(await resolver.resolveMx('cluster.local.')).toEqual([{ exchange: 'mail.test', priority: 10, type: 'MX' }]);
  expect(await resolver.resolveCaa('cluster.local.')).toEqual([{ critical: 0, issue: 'ca.test', type: 'CAA' }]);
  expect(await resolver.resolveNaptr('cluster.local.')).toMatchObject([
    { service: 'SIP+D2U', replacement: '_sip.test' },
  ]);
  expect(await resolver.resolve('web')).toEqual(['10.96.1.1']);
  expect(await resolver.resolve('web', 'AAAA')).toEqual(['fd00::1']);
  expect(await resolver.resolve4('web', { ttl: true })).toEqual([{ address: '10.96.1.1', ttl: 5 }]);
});

test('failures have the codes of node:dns', async () => {
  const resolver = resolverWith();
  await expect(resolver.lookup('nope')).rejects.toMatchObject({
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname: 'nope',
  });
  await expect(resolver.resolve4('dns-version.cluster.local.')).rejects.toMatchObject({
    code: 'ENODATA',
    syscall: 'queryA',
  });
  await expect(resolver.resolveSrv('a..b')).rejects.toMatchObject({ code: 'EBADNAME', syscall: 'querySrv' });
  await expect(resolver.reverse('nope')).rejects.toMatchObject({ code: 'EINVAL' });
  const refusing = resolverWith({ transport: () => Promise.reject(new Error('ECONNREFUSED')) });
  await expect(refusing.lookup('web')).rejects.toMatchObject({ code: 'EAI_AGAIN', errno: -3001 });
  await expect(refusing.resolve4('web')).rejects.toMatchObject({ code: 'ECONNREFUSED', errno: undefined });
});

test('a silent server costs glibc five seconds a try, then the name as typed is asked', async () => {
  const clock = fakeClock();
  const resolver = resolverWith({ clock, transport: async () => undefined });
  const explained = resolver.explain('web.test');
  for (let i = 0; i < 20; i++) {
    await new Promise(setImmediate);
    clock.advance(1000);
  }
  const { queries, result, elapsedMs, candidates } = await explained;
  expect(queries.map(({ name, type, sentMs, elapsedMs: ms, outcome }) => [name, type, sentMs, ms, outcome])).toEqual([
    ['web.test.prod.svc.cluster.local.', 'A', 0, 5000, 'timeout'],
    ['web.test.prod.svc.cluster.local.', 'AAAA', 0, 5000, 'timeout'],
    ['web.test.prod.svc.cluster.local.', 'A', 5000, 5000, 'timeout'],
    ['web.test.prod.svc.cluster.local.', 'AAAA', 5000, 5000, 'timeout'],
    ['web.test.', 'A', 10000, 5000, 'timeout'],
    ['web.test.', 'AAAA', 10000, 5000, 'timeout'],
    ['web.test.', 'A', 15000, 5000, 'timeout'],
    ['web.test.', 'AAAA', 15000, 5000, 'timeout'],
  ]);
  expect(result).toMatchObject({ ok: false, code: 'ETIMEOUT' });
  expect(elapsedMs).toBe(20000);
  expect(candidates.map(({ tried }) => tried)).toEqual([true, false, false, true]);
  expect(clock.timers).toBe(0);
});

test('an explanation tells each query with its reason', async () => {
  const { queries, addresses, stub, result } = await resolverWith().explain('web.prod');
  expect(
    queries.map(({ name, type, server, protocol, outcome, why }) => [name, type, server, protocol, outcome, why]),
  ).toEqual([
    ['web.prod.prod.svc.cluster.local.', 'A', '10.96.0.10', 'udp', 'nxdomain', 'search list, element 1 of 3'],
    ['web.prod.prod.svc.cluster.local.', 'AAAA', '10.96.0.10', 'udp', 'nxdomain', 'search list, element 1 of 3'],
    [
      'web.prod.svc.cluster.local.',
      'A',
      '10.96.0.10',
      'udp',
      'answer',
      'search list, element 2 of 3; web.prod.prod.svc.cluster.local.: ENOTFOUND',
    ],
    [
      'web.prod.svc.cluster.local.',
      'AAAA',
      '10.96.0.10',
      'udp',
      'answer',
      'search list, element 2 of 3; web.prod.prod.svc.cluster.local.: ENOTFOUND',
    ],
  ]);
  expect({ addresses, stub }).toEqual({ addresses: ['10.96.1.1', 'fd00::1'], stub: 'glibc' });
  expect(result).toMatchObject({
    ok: true,
    name: 'web.prod.svc.cluster.local.',
    why: 'web.prod.svc.cluster.local. has A and AAAA',
  });
});

test('a signal ends a lookup and the wait of its transport', async () => {
  const abort = new AbortController();
  const signals: AbortSignal[] = [];
  const transport: Transport = (_, __, ___, signal) => {
    signals.push(signal);
    return new Promise(() => {});
  };
  const clock = fakeClock();
  const lookup = resolverWith({ transport, clock }).lookup('web', { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(lookup).rejects.toThrow('enough');
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  expect(clock.timers).toBe(0);
  await expect(resolverWith().lookup('web', { signal: abort.signal })).rejects.toThrow('enough');
});

test('a response that does not answer the query does not count', async () => {
  const clock = fakeClock();
  const forged: Transport = async (message) => {
    const { questions = [] } = packet.decode(Buffer.from(message));
    return packet.encode({ type: 'response', id: 0, questions: [{ ...questions[0]!, name: 'other.test' }] });
  };
  const lookup = resolverWith({ resolvConf: 'options attempts:1', transport: forged, clock }).lookup('web');
  const failure = expect(lookup).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  await new Promise(setImmediate);
  clock.advance(5000);
  await failure;
});

test("a program's own servers, addresses and time limits are those of its Resolver alone", async () => {
  const asked: unknown[] = [];
  const transport: Transport = (message, server, protocol, signal, localAddress) => {
    asked.push([server, localAddress]);
    return records(message, server, protocol, signal);
  };
  const pod = resolverWith({ transport, recordsStub: 'node' });
  const own = new pod.Resolver();
  own.setServers(['192.0.2.1:5353', '[2001:db8::1]:5353']);
  own.setLocalAddress('192.0.2.9');
  await own.resolve4('web.prod.svc.cluster.local');
  own.setServers(['2001:db8::2']);
  await own.resolve4('web.prod.svc.cluster.local');
  await pod.resolve4('web.prod.svc.cluster.local');
  expect(asked).toEqual([
    [{ address: '192.0.2.1', port: 5353 }, '192.0.2.9'],
    [{ address: '2001:db8::2', port: 53 }, undefined],
    [{ address: '10.96.0.10', port: 53 }, undefined],
  ]);
  expect(pod.getServers()).toEqual(['10.96.0.10']);
});

test('Resolver waits as long as it was told, and cancel() ends what it asked', async () => {
  const clock = fakeClock();
  const sent: number[] = [];
  const transport: Transport = async () => void sent.push(clock.monotonic());
  const { Resolver } = resolverWith({ transport, clock, recordsStub: 'node' });
  const quick = new Resolver({ timeout: 100, tries: 3, maxTimeout: 150 });
  const failure = expect(quick.resolve4('a.test')).rejects.toMatchObject({ code: 'ETIMEOUT' });
  for (let i = 0; i < 8; i++) {
    await new Promise(setImmediate);
    clock.advance(50);
  }
  await failure;
  expect(sent.map((ms) => ms - sent[0]!)).toEqual([0, 100, 250]);
  const other = new Resolver();
  const asking = Promise.allSettled([quick.resolve4('b.test'), other.resolve4('c.test')]);
  quick.cancel();
  other.cancel();
  expect((await asking).map((one) => (one as PromiseRejectedResult).reason.message)).toEqual([
    'queryA ECANCELLED b.test: cancel() ended it',
    'queryA ECANCELLED c.test: cancel() ended it',
  ]);
  expect(clock.timers).toBe(0);
});

test.each([
  [`${'a'.repeat(64)}.test`, /a\.test: it has a label of 64 octets, at most 63 are allowed: "a{64}"$/],
  ['a..test', /a\.\.test: it has an empty label$/],
  ['nope.test', /nope\.test: 192\.0\.2\.1 cannot be reached$/],
])('what is wrong with a name, and which server is silent, is said: %s', async (name, message) => {
  const transport = () => Promise.reject(new Error('no route'));
  const resolver = resolverWith({ transport, resolvConf: 'nameserver 192.0.2.1' });
  await expect(resolver.resolve4(name)).rejects.toThrow(message);
});

test.each([
  [{ reason: 'the zone is empty' }, 'queryA ENOTFOUND nope.test.: the zone is empty'],
  [{}, 'queryA ENOTFOUND nope.test.: nope.test. does not exist'],
])('an error ends with what the transport tells: %j', async (told, message) => {
  const transport: Transport = async (...asked) => ({ octets: (await records(...asked)) as Uint8Array, ...told });
  await expect(resolverWith({ transport, stub: 'go' }).resolve4('nope.test.')).rejects.toThrow(message);
});
