import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import dns, { lookup, promises, Resolver, resolve4 } from 'node:dns';
import { Resolver as PromisedResolver, lookup as promisedLookup, resolveSrv } from 'node:dns/promises';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { decode, encode } from 'dns-packet';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { folderWith } from '../../../test/support/folder.ts';
import { startShop } from '../../../test/support/shop-cluster.ts';

const AS = { as: { namespace: 'shop' } } as const;
const WEB = 'web.shop.svc.cluster.local';
const DB = 'db-0.db.shop.svc.cluster.local';

/** The forms in which a program imports and calls; each is called in the pod only. */
const CALLS: Record<string, [call: () => Promise<unknown>, found: unknown]> = {
  'dns.lookup': [() => new Promise((found) => dns.lookup('web', (...given) => found(given))), [null, '10.96.0.20', 4]],
  'dns.lookup of all': [
    () => new Promise((found) => dns.lookup('web', { all: true }, (...given) => found(given))),
    [null, [{ address: '10.96.0.20', family: 4 }]],
  ],
  'lookup, imported by name': [() => promisify(lookup)('web'), { address: '10.96.0.20', family: 4 }],
  'dns.promises.lookup': [() => dns.promises.lookup('web', 4), { address: '10.96.0.20', family: 4 }],
  'promises.lookup, imported by name': [() => promises.lookup('web'), { address: '10.96.0.20', family: 4 }],
  'lookup of dns/promises': [() => promisedLookup('web', { all: true }), [{ address: '10.96.0.20', family: 4 }]],
  'dns.resolve': [() => promisify(dns.resolve)(WEB), ['10.96.0.20']],
  'dns.resolve of a type': [
    () => promisify(dns.resolve)(`_http._tcp.${WEB}`, 'SRV'),
    [expect.objectContaining({ name: WEB, port: 80 })],
  ],
  'resolve4, imported by name': [() => promisify(resolve4)(WEB), ['10.96.0.20']],
  'dns.resolve4 with TTLs': [() => promisify(dns.resolve4)(WEB, { ttl: true }), [{ address: '10.96.0.20', ttl: 30 }]],
  'resolveSrv of dns/promises': [
    () => resolveSrv(`_http._tcp.${WEB}`),
    [expect.objectContaining({ name: WEB, port: 80 })],
  ],
  'dns.reverse': [() => promisify(dns.reverse)('10.244.0.20'), [DB]],
  'dns.lookupService': [
    () => new Promise((found) => dns.lookupService('10.96.0.20', 80, (...given) => found(given))),
    [null, WEB, 'http'],
  ],
  'dns.promises.lookupService': [
    () => dns.promises.lookupService('10.96.0.20', 80),
    { hostname: WEB, service: 'http' },
  ],
  'new dns.Resolver': [
    () => new Promise((found) => new dns.Resolver({ timeout: 10 }).resolve4(WEB, (...given) => found(given))),
    [null, ['10.96.0.20']],
  ],
  'new Resolver, imported by name': [
    () => new Promise((found) => new Resolver().reverse('10.244.0.20', (...given) => found(given))),
    [null, [DB]],
  ],
  'new dns.promises.Resolver': [() => new dns.promises.Resolver().resolve4(WEB), ['10.96.0.20']],
  'new Resolver of dns/promises': [() => new PromisedResolver().resolve4(WEB), ['10.96.0.20']],
  'a class that extends Resolver': [() => new (class extends PromisedResolver {})().resolve4(WEB), ['10.96.0.20']],
};

describe('names are those of the pod', () => {
  test.each(Object.entries(CALLS))('%s', async (_, [call, found]) => {
    const cluster = await startShop();
    await using _net = cluster.install(AS);
    expect(await call()).toEqual(found);
  });

  test('resolvers from before are in the pod, too, and resolvers of the pod go on afterwards', async () => {
    const cluster = await startShop();
    const before = new dns.promises.Resolver();
    const servers = before.getServers();
    {
      await using _net = cluster.install(AS);
      expect(await before.resolve4(WEB)).toEqual(['10.96.0.20']);
      expect(before.getServers()).toEqual(['10.96.0.10']);
      before.setServers(['10.96.0.99']);
      expect([before.getServers(), new dns.Resolver().getServers()]).toEqual([['10.96.0.99'], ['10.96.0.10']]);
      expect(before).toBeInstanceOf(dns.promises.Resolver);
    }
    expect(before.getServers()).toEqual(servers);
  });

  test('the time limits of a resolver are its own', async () => {
    const cluster = await startShop();
    cluster.delay(WEB, Number.POSITIVE_INFINITY);
    vi.useFakeTimers();
    try {
      await using _net = cluster.install(AS);
      const resolver = new dns.promises.Resolver({ timeout: 100, tries: 1 });
      const failed = vi.fn();
      resolver.resolve4(WEB).catch(failed);
      await vi.advanceTimersByTimeAsync(90);
      expect(failed).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(30);
      expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 'ETIMEOUT' }));
    } finally {
      vi.useRealTimers();
    }
  });

  test('cancel ends what a resolver has under way', async () => {
    const cluster = await startShop();
    await using _net = cluster.install(AS);
    const resolver = new dns.promises.Resolver();
    const failed = expect(resolver.resolve4(WEB)).rejects.toMatchObject({ code: 'ECANCELLED' });
    resolver.cancel();
    await failed;
  });

  test('a Pod has its own name, hosts file and image', async () => {
    const cluster = await startShop();
    await using _net = cluster.install({ as: 'db-0' });
    expect(await dns.promises.lookup('db-0')).toEqual({ address: '10.244.0.20', family: 4 });
  });
});

test.each<[string, () => Promise<unknown>, object]>([
  ['lookup', () => promisify(dns.lookup)('wbe'), { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'wbe' }],
  ['a short name', () => dns.promises.resolve4('web'), { code: 'ENOTFOUND', syscall: 'queryA', hostname: 'web' }],
  ['no record', () => promisify(dns.resolveMx)(WEB), { code: 'ENODATA', syscall: 'queryMx', hostname: WEB }],
  ['no host', () => promisify(dns.lookupService)('10.96.0.99', 80), { code: 'ENOTFOUND', syscall: 'getnameinfo' }],
])('%s that finds nothing fails as in Node.js, and is no name outside', async (_, call, error) => {
  const cluster = await startShop();
  await using net = cluster.install(AS);
  await expect(call()).rejects.toMatchObject(error);
  expect(net.unexpected).toEqual([]);
});

test('wrong arguments throw as in Node.js', async () => {
  const cluster = await startShop();
  await using _net = cluster.install(AS);
  const code = 'ERR_INVALID_ARG_TYPE';
  const wrong = (call: unknown, ...args: unknown[]) =>
    expect(() => (call as () => void).apply(dns, args as [])).toThrow(expect.objectContaining({ code }));
  wrong(dns.lookup, 'web');
  wrong(dns.lookup, 5, () => {});
  wrong(dns.resolve4, WEB);
  wrong(dns.resolve4, 5, () => {});
  wrong(dns.promises.resolve4, 5);
});

/** As a CommonJS module takes them, and Jest and vitest's vmThreads do for imports. */
const taken = (() => {
  const { lookup, resolve4, lookupService, Resolver } = createRequire(import.meta.url)('node:dns') as typeof dns;
  const { lookup: promised, lookupService: promisedService, resolve4: promised4 } = dns.promises;
  return { lookup, resolve4, lookupService, Resolver, promised, promisedService, promised4 };
})();

test('an empty name finds what Node.js finds for it', async () => {
  const before = await Promise.all([dns.promises.lookup(''), dns.promises.lookup('', { all: true })]);
  const cluster = await startShop();
  await using _net = cluster.install(AS);
  expect(await Promise.all([dns.promises.lookup(''), dns.promises.lookup('', { all: true })])).toEqual(before);
});

test('functions that were taken out of the module before ask the pod, too', async () => {
  const cluster = await startShop();
  const { lookup, resolve4, lookupService, Resolver, promised, promisedService, promised4 } = taken;
  await using _net = cluster.install(AS);
  expect(await promisify(lookup)('web')).toEqual({ address: '10.96.0.20', family: 4 });
  expect(await promisify(resolve4)(WEB)).toEqual(['10.96.0.20']);
  expect(await promisify(lookupService)('10.96.0.20', 80)).toEqual({ hostname: WEB, service: 'http' });
  expect(await promisify(Resolver.prototype.resolve4.bind(new Resolver()))(WEB)).toEqual(['10.96.0.20']);
  expect(await promised('web')).toEqual({ address: '10.96.0.20', family: 4 });
  expect(await promised('web', { all: true, family: 4 })).toEqual([{ address: '10.96.0.20', family: 4 }]);
  await expect(promised('wbe')).rejects.toThrow('has no service wbe; did you mean web?');
  await expect(promised('web', 6)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  expect(await promisedService('10.96.0.20', 80)).toEqual({ hostname: WEB, service: 'http' });
  expect(await promised4(WEB)).toEqual(['10.96.0.20']);
});

test('addresses have the order that the program chose, for a call or for all', async () => {
  const cluster = await startShop();
  const spec = { clusterIPs: ['10.96.0.40', 'fd00::40'], ports: [{ port: 80 }] };
  cluster.apply({ kind: 'Service', metadata: { name: 'both', namespace: 'shop' }, spec });
  await using _net = cluster.install(AS);
  const order = dns.getDefaultResultOrder();
  try {
    for (const [chosen, address] of [
      ['ipv6first', 'fd00::40'],
      ['ipv4first', '10.96.0.40'],
    ] as const) {
      dns.setDefaultResultOrder(order);
      expect((await dns.promises.lookup('both', { order: chosen })).address).toBe(address);
      dns.setDefaultResultOrder(chosen);
      expect((await dns.promises.lookup('both')).address).toBe(address);
      expect(await promisify(dns.lookup)('both')).toMatchObject({ address });
    }
  } finally {
    dns.setDefaultResultOrder(order);
  }
});

test('a resolver asks the servers that it is told: those of the cluster, or of this machine', async () => {
  const cluster = await startShop();
  const server = createSocket('udp4', (query, { port, address }) => {
    const { id, questions } = decode(query);
    const answers = [{ type: 'A', name: questions![0]!.name, data: '192.0.2.99' }] as const;
    server.send(encode({ type: 'response', id: id!, questions: questions!, answers: [...answers] }), port, address);
  });
  onTestFinished(() => void server.close());
  await once(server.bind(0, '127.0.0.1'), 'listening');
  await using _net = cluster.install(AS);
  const resolver = new dns.promises.Resolver();
  const own = `127.0.0.1:${server.address().port}`;
  resolver.setServers([own]);
  expect(resolver.getServers()).toEqual([own]);
  expect(await resolver.resolve4('anything.example.com')).toEqual(['192.0.2.99']);
  resolver.setServers(['10.96.0.10:53']);
  expect(resolver.getServers()).toEqual(['10.96.0.10']);
  expect(await resolver.resolve4(WEB)).toEqual(['10.96.0.20']);
});

test('servers that the program sets for all its lookups are gone afterwards', async () => {
  const cluster = await startShop();
  const servers = dns.getServers();
  const { resolve4, promises } = dns;
  const promised = promises.resolve4;
  {
    await using _net = cluster.install(AS);
    dns.setServers(['10.96.0.99', '[fd00::99]:54']);
    expect(dns.getServers()).toEqual(['10.96.0.99', '[fd00::99]:54']);
    dns.setServers(['10.96.0.10']);
    expect(await dns.promises.resolve4(WEB)).toEqual(['10.96.0.20']);
  }
  expect(dns.getServers()).toEqual(servers);
  expect([dns.resolve4, dns.promises.resolve4]).toEqual([resolve4, promised]);
  expect(dns.resolve4).toBe(resolve4);
});

test('what a callback throws is an exception of the program, as in Node.js', async () => {
  const folder = folderWith({
    'program.ts': `import dns from 'node:dns';
import { startCluster } from ${JSON.stringify(pathToFileURL(`${import.meta.dirname}/../index.ts`).href)};
const cluster = await startCluster({});
cluster.install({ as: { namespace: 'shop' } });
process.on('uncaughtException', ({ message }, origin) => {
  console.log(origin, message);
  process.exit();
});
dns.lookup('localhost', () => { throw new Error('mine'); });`,
  });
  const { stdout } = await promisify(execFile)(process.execPath, [`${folder}/program.ts`]);
  expect(stdout).toBe('uncaughtException mine\n');
});
