import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import dns from 'node:dns';
import { once } from 'node:events';
import net from 'node:net';
import { decode, encode, streamDecode, streamEncode } from 'dns-packet';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SHOP, startShop } from '../../../test/support/shop-cluster.ts';
import type { ClusterObject, ServiceObject } from '../index.ts';
import { udpHandleOf } from './udp-handle.ts';

const AS = { as: { namespace: 'shop' } } as const;
const WEB = 'web.shop.svc.cluster.local';

const service = (name: string, spec: ServiceObject['spec'] & object): ClusterObject => ({
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec,
});
const pod = (name: string, podIP: string): ClusterObject => ({
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: 'stats' } },
  spec: { containers: [{ ports: [{ name: 'statsd', containerPort: 9125, protocol: 'UDP' }] }] },
  status: { podIP },
});

/** A service of two pods over UDP, one without pods in both families, and a DNS server with a port over both protocols. */
const OBJECTS: readonly ClusterObject[] = [
  ...SHOP,
  service('stats', {
    ...{ clusterIP: '10.96.0.60', selector: { app: 'stats' } },
    ports: [{ name: 'metrics', port: 8125, targetPort: 'statsd', protocol: 'UDP' }],
  }),
  pod('stats-0', '10.244.0.60'),
  pod('stats-1', '10.244.0.61'),
  service('log', {
    ...{ clusterIPs: ['10.96.0.61', 'fd00::61'], ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' },
    ports: [{ name: 'syslog', port: 514, protocol: 'UDP' }],
  }),
];

async function open(type: 'udp4' | 'udp6' = 'udp4'): Promise<Socket> {
  const socket = createSocket(type);
  let isClosed = false;
  socket.once('close', () => {
    isClosed = true;
  });
  onTestFinished(() => void (isClosed || socket.close()));
  socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::');
  await once(socket, 'listening');
  return socket;
}

/** A bound socket that answers each datagram with its name and what came. */
async function echo(name: string): Promise<Socket> {
  const socket = await open();
  socket.on('message', (message, { address, port }) => socket.send(`${name} ${message}`, port, address));
  return socket;
}

async function heard(socket: Socket): Promise<string> {
  const [message, { family, address, port }] = (await once(socket, 'message')) as [Buffer, RemoteInfo];
  return `${message} from ${family} ${address} ${port}`;
}

const failure = (send: (callback: (error: Error | null) => void) => void) =>
  new Promise<Error | null>((resolve) => send(resolve));

test('a datagram to a service goes to what is served, and the answer comes from the service', async () => {
  const cluster = await startShop({ objects: OBJECTS });
  await using _net = cluster.install({
    ...AS,
    serve: { 'shop/stats': await echo('stats'), 'shop/log:syslog': await echo('log') },
  });
  const socket = await open();
  socket.send('a:1|c', 8125, 'stats');
  expect(await heard(socket)).toBe('stats a:1|c from IPv4 10.96.0.60 8125');
  socket.send([Buffer.from('<13>'), 'hello'], 514, '10.96.0.61');
  expect(await heard(socket)).toBe('log <13>hello from IPv4 10.96.0.61 514');
  const before = await open('udp6');
  before.send('six', 514, 'fd00::61');
  expect(await heard(before)).toBe('log six from IPv6 fd00::61 514');
});

test('a socket keeps its endpoint while that is ready, and each socket has one', async () => {
  const cluster = await startShop({ objects: OBJECTS });
  const serve = { 'shop/stats-0': await echo('0'), 'shop/stats-1:statsd': await echo('1') };
  await using _net = cluster.install({ ...AS, serve });
  const [first, second] = [await open(), await open()];
  const ask = async (socket: Socket) => {
    socket.send('x', 8125, 'stats');
    return (await heard(socket))[0];
  };
  expect([await ask(first), await ask(first), await ask(second), await ask(second)]).toEqual(['0', '0', '1', '1']);
  cluster.setReady('stats-0', false);
  expect([await ask(first), await ask(second)]).toEqual(['1', '1']);
});

test('a connected socket sees the address that it connected to, and hears nobody else', async () => {
  const cluster = await startShop({ objects: OBJECTS });
  const [stats, log] = [await echo('stats'), await echo('log')];
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  {
    await using _net = cluster.install({ ...AS, serve: { 'shop/stats': stats, 'shop/log': log } });
    socket.connect(8125, 'stats');
    await once(socket, 'connect');
    expect(socket.remoteAddress()).toEqual({ address: '10.96.0.60', family: 'IPv4', port: 8125 });
    const messages = vi.fn();
    socket.on('message', messages);
    const other = await open();
    other.send('not for you', socket.address().port, '127.0.0.1');
    await failure((callback) => other.send('nor this', socket.address().port, '127.0.0.1', callback));
    socket.send('a:1|c');
    expect(await heard(socket)).toBe('stats a:1|c from IPv4 10.96.0.60 8125');
    expect(messages).toHaveBeenCalledOnce();
    socket.disconnect();
    socket.send('b', 514, 'log');
    expect(await heard(socket)).toBe('log b from IPv4 10.96.0.61 514');
    socket.connect(8125, 'stats');
    await once(socket, 'connect');
  }
  expect(() => socket.remoteAddress()).toThrow('ENOTCONN');
});

test('datagrams of this machine stay as they are, also of connected sockets', async () => {
  const cluster = await startShop({ objects: OBJECTS });
  const server = await echo('own');
  const { port } = server.address();
  await using _net = cluster.install(AS);
  const socket = await open();
  socket.send('a', port, 'localhost');
  expect(await heard(socket)).toBe(`own a from IPv4 127.0.0.1 ${port}`);
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  expect(socket.remoteAddress()).toMatchObject({ address: '127.0.0.1', port });
  socket.send('b');
  expect(await heard(socket)).toBe(`own b from IPv4 127.0.0.1 ${port}`);
});

test.each<[host: string, port: number, reason: string]>([
  ['10.96.0.60', 8125, 'service shop/stats, port 8125 (metrics) has the endpoints 10.244.0.60:9125 (pod stats-0), '],
  ['10.96.0.60', 80, 'service shop/stats has no port 80; it has 8125 (metrics)'],
  ['10.96.0.20', 80, 'service shop/web has no port 80; it has 80 (http) over TCP'],
  ['10.244.0.60', 1, 'pod shop/stats-0 has no port 1; it has 9125 (statsd)'],
  ['10.96.0.77', 514, 'no service of the cluster has this address'],
  ['10.96.0.61', 514, 'service shop/log, port 514 (syslog): the server that stands for it is closed'],
])('a datagram to %s, port %i, fails: %s', async (address, port, reason) => {
  const cluster = await startShop({ objects: OBJECTS });
  const closed = await echo('closed');
  await using net = cluster.install({ ...AS, serve: { 'shop/log': closed } });
  await new Promise<void>((done) => closed.close(done));
  const socket = await open();
  const message = expect.stringContaining(`send ECONNREFUSED ${address}:${port}: ${reason}`);
  const error = { code: 'ECONNREFUSED', syscall: 'send', address, port, message };
  expect(await failure((callback) => socket.send('x', port, address, callback))).toMatchObject(error);
  socket.connect(port, address);
  await once(socket, 'connect');
  expect(await failure((callback) => socket.send('x', callback))).toMatchObject(error);
  socket.send('nobody asks');
  expect(net.unexpected).toEqual([]);
});

test('no datagram leaves for an address outside', async () => {
  const cluster = await startShop({ objects: OBJECTS });
  const [early, early6] = [await open(), await open('udp6')];
  const installed = cluster.install(AS);
  for (const [socket, port, address] of [
    [early, 81, '198.51.100.7'],
    [early6, 81, '2001:db8::7'],
    [early, 5353, '224.0.0.251'],
  ] as const)
    expect(await failure((callback) => socket.send('x', port, address, callback))).toMatchObject({
      code: 'ECONNREFUSED',
    });
  expect(installed.unexpected).toEqual(['198.51.100.7:81', '[2001:db8::7]:81', '224.0.0.251:5353']);
  await expect(installed.dispose()).rejects.toThrow('198.51.100.7:81');
});

test('disposing puts sockets back as they were', async () => {
  const cluster = await startShop({ objects: OBJECTS });
  const own = await echo('own');
  const [v4, v6] = [await open(), await open('udp6')];
  const handles = () => [v4, v6].map((socket) => Object.getOwnPropertyDescriptors(udpHandleOf(socket)));
  const before = handles();
  {
    await using _net = cluster.install({ ...AS, serve: { 'shop/log': own } });
    v4.send('x', 514, 'log');
    v6.send('x', 514, 'fd00::61');
    await Promise.all([heard(v4), heard(v6)]);
    expect(handles()).not.toEqual(before);
  }
  expect(handles()).toEqual(before);
  v4.send('x', own.address().port, '127.0.0.1');
  expect(await heard(v4)).toBe(`own x from IPv4 127.0.0.1 ${own.address().port}`);
});

test('a port of this machine answers over both protocols', async () => {
  const ports = [
    { name: 'dns', port: 5300, protocol: 'UDP' },
    { name: 'dns-tcp', port: 5300, protocol: 'TCP' },
  ] as const;
  const cluster = await startShop({ objects: [service('names', { clusterIP: '10.96.0.62', ports })] });
  const server = net.createServer((socket) => socket.end('tcp'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as net.AddressInfo;
  const socket = createSocket('udp4', (_, remote) => socket.send('udp', remote.port, remote.address));
  onTestFinished(() => void socket.close());
  await once(socket.bind(port, '127.0.0.1'), 'listening');
  const asked = await open();
  for (const serve of [{ 'shop/names:5300': port }, { 'shop/names:dns': socket, 'shop/names:dns-tcp': server }]) {
    await using _net = cluster.install({ ...AS, serve });
    asked.send('x', 5300, 'names');
    expect(await heard(asked)).toBe('udp from IPv4 10.96.0.62 5300');
    expect(`${await net.connect(5300, 'names').toArray()}`).toBe('tcp');
  }
});

const query = (id: number, name = WEB) => encode({ type: 'query', id, flags: 256, questions: [{ type: 'A', name }] });

test('a DNS query that a program sends itself, over UDP, is answered by the cluster as that of the pod', async () => {
  const cluster = await startShop({ objects: OBJECTS });
  const mark = cluster.mark();
  await using _net = cluster.install({ as: 'db-0' });
  const socket = await open();
  const [server] = dns.getServers();
  const asked = failure((callback) => socket.send(query(7), 53, server, callback));
  const [message, remote] = (await once(socket, 'message')) as [Buffer, RemoteInfo];
  expect(await asked).toBe(null);
  expect(decode(message)).toMatchObject({ id: 7, rcode: 'NOERROR', answers: [{ data: '10.96.0.20' }] });
  expect(remote).toMatchObject({ address: '10.96.0.10', port: 53, family: 'IPv4', size: message.length });
  expect(cluster.queries(mark)).toMatchObject([{ pod: 'shop/db-0', name: `${WEB}.`, protocol: 'udp' }]);
  using _fault = cluster.fail(WEB, 'SERVFAIL');
  socket.connect(53, '10.96.0.10');
  await once(socket, 'connect');
  socket.send(query(8));
  const [failed] = (await once(socket, 'message')) as [Buffer];
  expect(decode(failed)).toMatchObject({ id: 8, rcode: 'SERVFAIL' });
});

test('a DNS query over TCP is answered by the cluster, and several on one connection', async () => {
  const cluster = await startShop({ objects: OBJECTS });
  await using _net = cluster.install(AS);
  const socket = net.connect(53, '10.96.0.10');
  const wire = (name: string, id: number) =>
    streamEncode({ type: 'query', id, flags: 256, questions: [{ type: 'A', name }] });
  const both = Buffer.concat([wire(WEB, 1), wire('nothing.shop.svc.cluster.local', 2)]);
  socket.write(both.subarray(0, 5));
  socket.write(both.subarray(5));
  let received = Buffer.alloc(0);
  const responses = new Map<number, string>();
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk]);
    while (received.length > 2 && received.length >= 2 + received.readUInt16BE()) {
      const { id, rcode } = streamDecode(received) as unknown as { id: number; rcode: string };
      responses.set(id, rcode);
      received = received.subarray(2 + received.readUInt16BE());
    }
    if (responses.size === 2) break;
  }
  expect(Object.fromEntries(responses)).toEqual({ 1: 'NOERROR', 2: 'NXDOMAIN' });
});

test('a cluster whose DNS server is served asks that', async () => {
  const kubeDns: ClusterObject = {
    kind: 'Service',
    metadata: { name: 'kube-dns', namespace: 'kube-system' },
    spec: { clusterIP: '10.96.0.10', ports: [{ name: 'dns', port: 53, protocol: 'UDP' }] },
  };
  const cluster = await startShop({ objects: [kubeDns] });
  const socket = await open();
  await using _net = cluster.install({ ...AS, serve: { 'kube-system/kube-dns': await echo('mine') } });
  socket.send('query', 53, '10.96.0.10');
  expect(await heard(socket)).toBe('mine query from IPv4 10.96.0.10 53');
});
