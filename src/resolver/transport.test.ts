import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer } from 'node:net';
import packet, { type Packet } from 'dns-packet';
import { expect, onTestFinished, test } from 'vitest';
import { createFrames, frame } from '../net/stream/frames.ts';
import type { Transport } from './api.ts';
import { decodeReply, encodeQuery } from './message.ts';
import { createResolver } from './resolver.ts';
import { socketTransport } from './transport.ts';

const query = { name: 'web.test.', type: 'A', server: '127.0.0.1', protocol: 'udp', why: '' } as const;

function reply(message: Uint8Array, change: Partial<Packet> = {}): Buffer {
  const { id = 0, questions = [] } = packet.decode(Buffer.from(message));
  return packet.encode({
    type: 'response',
    id,
    questions,
    answers: [{ name: 'web.test', type: 'A', ttl: 5, data: '192.0.2.1' }],
    ...change,
  });
}

async function udpServer(respond: (message: Buffer) => Buffer[]): Promise<number> {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  socket.on('message', (message, { port, address }) => {
    for (const octets of respond(message)) socket.send(octets, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket.address().port;
}

async function tcpServer(respond: (message: Buffer) => Buffer | undefined): Promise<number> {
  const server = createServer((socket) => {
    const frames = createFrames();
    socket.on('data', (chunk: Buffer) => {
      frames.push(chunk);
      for (let message = frames.next(); message; message = frames.next()) {
        const octets = respond(message);
        if (octets) socket.write(frame(octets));
        else socket.end();
      }
    });
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const never = new AbortController().signal;
const addressesIn = (octets: Uint8Array | undefined) => decodeReply(octets!)?.answers.map(({ data }) => data);

test('UDP ignores messages that do not answer the query', async () => {
  const port = await udpServer((message) => [
    Buffer.from('noise'),
    reply(message, { id: (message.readUInt16BE(0) + 1) & 0xffff, answers: [] }),
    reply(message, { questions: [{ name: 'other.test', type: 'A' }], answers: [] }),
    reply(message),
  ]);
  const octets = await socketTransport(encodeQuery(query), { address: '127.0.0.1', port }, 'udp', never);
  expect(addressesIn(octets)).toEqual(['192.0.2.1']);
});

test('UDP to a port that nobody listens on is rejected at once', async () => {
  const exchange = socketTransport(encodeQuery(query), { address: '127.0.0.1', port: 1 }, 'udp', never);
  await expect(exchange).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test.runIf(process.platform === 'linux').each(['udp', 'tcp'] as const)(
  '%s: a query leaves from the local address',
  async (protocol) => {
    const seen: (string | undefined)[] = [];
    const udp = createSocket('udp4').on('message', (message, client) => {
      seen.push(client.address);
      udp.send(reply(message), client.port, client.address);
    });
    const tcp = createServer((socket) => {
      seen.push(socket.remoteAddress);
      socket.on('data', (chunk: Buffer) => socket.write(frame(reply(chunk.subarray(2)))));
    });
    onTestFinished(() => void [udp.close(), tcp.close()]);
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const port = protocol === 'udp' ? udp.address().port : (tcp.address() as AddressInfo).port;
    const server = { address: '127.0.0.1', port };
    const octets = await socketTransport(encodeQuery(query), server, protocol, never, '127.0.0.2');
    expect(addressesIn(octets)).toEqual(['192.0.2.1']);
    expect(seen).toEqual(['127.0.0.2']);
    await expect(socketTransport(encodeQuery(query), server, protocol, never, '192.0.2.1')).rejects.toThrow();
  },
);

test('the signal ends the wait', async () => {
  const port = await udpServer(() => []);
  const abort = new AbortController();
  const waiting = socketTransport(encodeQuery(query), { address: '127.0.0.1', port }, 'udp', abort.signal);
  abort.abort();
  expect(await waiting).toBeUndefined();
});

test('over TCP the response that answers the query counts, and without one it rejects', async () => {
  const port = await tcpServer((message) => reply(message));
  const octets = await socketTransport(encodeQuery(query), { address: '127.0.0.1', port }, 'tcp', never);
  expect(addressesIn(octets)).toEqual(['192.0.2.1']);
  const silent = await tcpServer(() => undefined);
  await expect(
    socketTransport(encodeQuery(query), { address: '127.0.0.1', port: silent }, 'tcp', never),
  ).rejects.toThrow('closed the connection');
});

test('a truncated reply is asked for again by TCP', async () => {
  const flags = packet.AUTHORITATIVE_ANSWER | packet.TRUNCATED_RESPONSE;
  const ports = {
    udp: await udpServer((message) => [reply(message, { flags, answers: [] })]),
    tcp: await tcpServer((message) => reply(message)),
  };
  const transport: Transport = (message, { address }, protocol, signal) =>
    socketTransport(message, { address, port: ports[protocol] }, protocol, signal);
  const resolver = createResolver({ resolvConf: 'nameserver 127.0.0.1\n', transport });
  const { queries, addresses } = await resolver.explain('web.test', { type: 'A' });
  expect(queries.map(({ protocol, outcome }) => [protocol, outcome])).toEqual([
    ['udp', 'truncated'],
    ['tcp', 'answer'],
  ]);
  expect(addresses).toEqual(['192.0.2.1']);
});

test('queries have random ids', () => {
  const ids = Array.from({ length: 50 }, () => Buffer.from(encodeQuery(query)).readUInt16BE(0));
  expect(new Set(ids).size).toBeGreaterThan(40);
});

test('EDNS and AD are in the query where the resolver sends them, and extended errors come out of a reply', () => {
  const sent = packet.decode(Buffer.from(encodeQuery({ ...query, ednsOctets: 1232, ad: true })));
  expect(sent.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232 }]);
  expect((sent.flags ?? 0) & packet.AUTHENTIC_DATA).not.toBe(0);
  const data = Buffer.from([0, 22, ...Buffer.from('no upstream')]);
  const opt = { type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [{ code: 15, data }] };
  const octets = packet.encode({ type: 'response', flags: 2, additionals: [opt] } as unknown as Packet);
  expect(decodeReply(octets)).toMatchObject({ rcode: 'SERVFAIL', extendedErrors: ['22 no upstream'] });
  expect(decodeReply(Uint8Array.of(1, 2, 3))).toBeUndefined();
});
