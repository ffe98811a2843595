import dns from 'node:dns';
import { once } from 'node:events';
import type net from 'node:net';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { namedServer, startShop } from '../../../test/support/shop-cluster.ts';
import { caresBinding, type LookupRequest } from './cares.ts';

const AS = { as: { namespace: 'shop' } } as const;
const externals = { 'api.example.com': '192.0.2.7', 'own.example.com': '127.0.0.1' };

test('names outside fail, and disposing tells them all, even if the program told nobody', async () => {
  const cluster = await startShop({ externals });
  const net = cluster.install(AS);
  await fetch('https://telemetry.example.com/').catch(() => {});
  await dns.promises.resolveTxt('_flags.example.com').catch(() => {});
  await promisify(dns.lookup)('www.example.org.').catch(() => {});
  await new dns.promises.Resolver().resolve4('www.example.net').catch(() => {});
  await promisify(dns.reverse)('198.51.100.8').catch(() => {});
  await fetch('http://198.51.100.7:81/').catch(() => {});
  const outside = [
    'telemetry.example.com',
    '_flags.example.com',
    'www.example.org.',
    'www.example.net',
    '198.51.100.8',
    '198.51.100.7:81',
  ];
  expect(net.unexpected).toEqual(outside);
  await expect(net.dispose()).rejects.toMatchObject({
    code: 'INSTALL',
    message: expect.stringContaining(`outside of the cluster: ${outside.join(', ')}. Add them to \`externals\``),
  });
  await net.dispose();
  await cluster.install(AS).dispose();
});

test.each([
  'web',
  'wbe',
  'wbe.shop',
  'kubernetes.default',
  'wbe.shop.svc',
  'wbe.shop.svc.cluster.local',
  'db-9.db.shop',
  'localhost',
])('%s is not outside', async (name) => {
  const cluster = await startShop();
  await using net = cluster.install(AS);
  await dns.promises.lookup(name).catch(() => {});
  await dns.promises.reverse('10.96.0.99').catch(() => {});
  expect(net.unexpected).toEqual([]);
});

test('externals are found, served or at their place on this machine', async () => {
  const cluster = await startShop({ externals });
  const server = namedServer('outside');
  const own = namedServer('own');
  await once(own.listen(0, '127.0.0.1'), 'listening');
  const { port } = own.address() as net.AddressInfo;
  {
    await using _net = cluster.install({ ...AS, serve: { 'api.example.com': server } });
    expect(await (await fetch('http://api.example.com/')).text()).toBe('outside for api.example.com');
    expect(await (await fetch(`http://own.example.com:${port}/`)).text()).toBe(`own for own.example.com:${port}`);
  }
  {
    await using _net = cluster.install(AS);
    await expect(fetch('http://api.example.com/')).rejects.toMatchObject({
      cause: { message: expect.stringContaining('nothing serves api.example.com, one of the externals') },
    });
  }
  own.close().closeAllConnections();
});

test('with passThrough, names and addresses outside go on; those of the cluster do not', async () => {
  const cluster = await startShop();
  const own = namedServer('real');
  await once(own.listen(0, '127.0.0.1'), 'listening');
  const { port } = own.address() as net.AddressInfo;
  const real: string[] = [];
  const cares = caresBinding();
  const channel = cares.ChannelWrap.prototype as unknown as Record<'queryA', typeof cares.getnameinfo>;
  const [{ getaddrinfo }, { queryA }] = [cares, channel];
  // The real ones ask the network: these stand for them.
  const found = (request: LookupRequest, name: string, address: string) => {
    real.push(name);
    process.nextTick(() => request.oncomplete(null, [address]));
    return 0;
  };
  cares.getaddrinfo = (request, name) => found(request, name, '127.0.0.1');
  channel.queryA = (request, name) => found(request, name, '192.0.2.1');
  try {
    await using net = cluster.install({ ...AS, passThrough: true, serve: { 'shop/web': namedServer('web') } });
    expect(await (await fetch(`http://www.example.com:${port}/`)).text()).toBe(`real for www.example.com:${port}`);
    expect(await dns.promises.resolve4('www.example.net')).toEqual(['192.0.2.1']);
    expect(await (await fetch('http://web/')).text()).toBe('web for web');
    await expect(dns.promises.lookup('wbe')).rejects.toThrow(/did you mean web/);
    expect(real).toEqual(['www.example.com', 'www.example.net']);
    expect(net.unexpected).toEqual([]);
    own.close().closeAllConnections();
  } finally {
    cares.getaddrinfo = getaddrinfo;
    channel.queryA = queryA;
  }
});

/** An address of this machine that counts as outside of the cluster. */
const [outer] = Object.values(networkInterfaces())
  .flat()
  .filter((one) => one && !one.internal && one.family === 'IPv4' && !one.address.startsWith('10.'));

test.runIf(outer)('with passThrough, no connection to an address outside outlives its install', async () => {
  const cluster = await startShop();
  const server = namedServer('outside');
  await once(server.listen(0, outer!.address), 'listening');
  onTestFinished(() => void server.close().closeAllConnections());
  const url = `http://${outer!.address}:${(server.address() as net.AddressInfo).port}/`;
  {
    await using _net = cluster.install({ ...AS, passThrough: true });
    expect(await (await fetch(url)).text()).toContain('outside for');
  }
  const net = cluster.install(AS);
  await expect(fetch(url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  await expect(net.dispose()).rejects.toThrow(outer!.address);
});
