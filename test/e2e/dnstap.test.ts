import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { encode } from 'dns-packet';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import { plugins } from '../../src/plugins.ts';
import { corefileSource } from '../../src/server/configuration/corefile-source.ts';
import { Server } from '../../src/server/server.ts';
import { ask, exchangeUdp, questionPacket } from '../support/ask.ts';
import { dialTls, questionOctets } from '../support/ask-encrypted.ts';
import { CA_CERT, KEY, SERVER_CERT } from '../support/authority.ts';
import { folderWith } from '../support/folder.ts';
import { startHttpsUpstream } from '../support/https-upstream.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer } from '../support/server.ts';
import { readTapAt, startTapReader, type TapReader, type TapReaderOptions } from '../support/tap-reader.ts';
import { readTapped } from '../support/tapped-message.ts';
import { answering, answerTo, type Received, refusedPort, startUpstream } from '../support/upstream.ts';

const CLUSTER = resolve(import.meta.dirname, '../acceptance/cluster.yaml');
const RECORD = 'www.example.org. 30 IN A 192.0.2.7';
const HOSTS = 'hosts /dev/null {\n192.0.2.1 www.example.org\n}';

let folder: string;
let path: string;
let reader: TapReader;

beforeEach(async () => {
  folder = folderWith({ 'cert.pem': SERVER_CERT, 'key.pem': KEY, 'ca.pem': CA_CERT });
  path = join(folder, 'tap.sock');
  reader = await startTapReader(path);
});

afterEach(() => reader.close());

/** A server whose block begins with a tap, once that is connected. */
async function start(directives: string, { keys = '.', tap = `dnstap ${path} full` } = {}) {
  const running = await startServer(`${keys} {\nroot ${folder}\nbind 127.0.0.1\n${tap}\n${directives}\n}\n`);
  await vi.waitFor(() => expect(running.lines.join()).toMatch(/connected to/), PATIENT);
  return running;
}

/** The messages, once there are so many. */
async function told(count: number) {
  await vi.waitFor(() => expect(reader.frames.length).toBeGreaterThanOrEqual(count), PATIENT);
  return reader.frames.map(readTapped);
}

const types = (messages: Awaited<ReturnType<typeof told>>) => messages.map(({ type }) => type).join(' ');

test.each([
  ['a handler', 'www.example.org'],
  ['the memo', 'www.example.org'],
  ['nobody: there is no such name', 'no.example.org'],
])('each query and its response are told as they are on the wire, if the response is from %s', async (whose, name) => {
  const { port } = await start(HOSTS);
  const asked = whose === 'the memo' ? 5 : 1;
  const wire: [Buffer, Buffer][] = [];
  for (let i = 0; i < asked; i++) {
    const query = encode(questionPacket(name, 'A', { udpSize: 1232 }));
    wire.push([Buffer.from(query), await exchangeUdp('127.0.0.1', port, query)]);
  }
  const messages = await told(2 * asked);
  expect(types(messages)).toBe('CQ CR '.repeat(asked).trim());
  expect(messages.map(({ query, response }) => query ?? response)).toEqual(wire.flat());
  for (const message of messages) {
    const { queryTime, responseTime = queryTime } = message;
    expect(message).toMatchObject({
      protocol: 'udp',
      queryAddress: '127.0.0.1',
      responseAddress: '127.0.0.1',
      responsePort: port,
    });
    expect(responseTime).toBeGreaterThanOrEqual(queryTime!);
    expect(Math.abs(queryTime! - Date.now() / 1000)).toBeLessThan(PATIENT.timeout / 1000);
  }
});

test('a query that gets no response has no response here, either', async () => {
  const { port } = await start(`acl {\ndrop type TXT\n}\n${HOSTS}`);
  const silent = createSocket('udp4');
  silent.send(encode(questionPacket('www.example.org', 'TXT')), port, '127.0.0.1', () => silent.close());
  await told(1);
  await ask(port, 'www.example.org', 'A');
  expect(types(await told(3))).toBe('CQ CQ CR');
});

test('an error is told like any other response, also one that no plugin has written', async () => {
  const { port } = await start('acl');
  const { octets, rcode } = await ask(port, 'www.example.org', 'A');
  const messages = await told(2);
  expect([rcode, types(messages)]).toEqual(['SERVFAIL', 'CQ CR']);
  expect(messages[1]!.response).toEqual(octets);
});

test('a zone transfer is told message by message', async () => {
  const { port } = await start(`transfer {\nto *\n}\nkubernetes cluster.local {\nmanifests ${CLUSTER}\n}`);
  const { octets } = await ask(port, 'cluster.local', 'AXFR', { tcp: true });
  const messages = await told(2);
  expect(types(messages)).toMatch(/^CQ CR( CR)*$/);
  expect(messages[1]!).toMatchObject({ protocol: 'tcp', response: octets });
});

test('queries over TLS have the protocol DOT', async () => {
  const { port } = await start(`tls cert.pem key.pem\n${HOSTS}`, { keys: 'tls://.' });
  const client = await dialTls(port);
  await client.ask(questionOctets('www.example.org', 'A'));
  expect(await told(2)).toMatchObject([
    { type: 'CQ', protocol: 'dot' },
    { type: 'CR', protocol: 'dot' },
  ]);
});

const kinds = (await loadMachinery()) ? ['batched', 'portable'] : ['portable'];

describe.each(kinds)('with %s UDP', (kind) => {
  beforeEach(() => void vi.stubEnv('CAIRN_UDP', kind));
  afterEach(() => void vi.unstubAllEnvs());

  test('with hedge, both exchanges are told, also the response that comes late', async () => {
    const late = Promise.withResolvers<Received>();
    const slow = await startUpstream((query) => late.resolve(query));
    const quick = await startUpstream(answering([RECORD]));
    onTestFinished(async () => void (await Promise.all([slow.close(), quick.close()])));
    const { port } = await start(`forward . ${slow.endpoint} ${quick.endpoint} {\npolicy sequential\nrace 2\n}`);
    await ask(port, 'www.example.org', 'A');
    expect(types(await told(5))).toBe('CQ FQ FQ FR CR');
    const { message, reply } = await late.promise;
    reply(answerTo(message));
    const messages = await told(6);
    const upstreams = messages.slice(1, 4).map(({ responsePort }) => responsePort);
    expect(upstreams).toEqual([slow.port, quick.port, quick.port]);
    expect(messages[5]).toMatchObject({ type: 'FR', responsePort: slow.port });
  });

  test('the messages of the forwarder are those that the upstream gets and sends, from the address that it sees', async () => {
    const sent: Buffer[] = [];
    const upstream = await startUpstream(({ message, reply }) => {
      reply(answerTo(message, [RECORD]));
    });
    onTestFinished(() => upstream.close());
    const { port } = await start(`forward . ${upstream.endpoint}`);
    sent.push((await ask(port, 'www.example.org', 'A')).octets);
    const messages = await told(4);
    const [received] = upstream.received;
    expect(types(messages)).toBe('CQ FQ FR CR');
    const [, query, response, last] = messages;
    const ends = {
      queryAddress: '127.0.0.1',
      queryPort: received!.peer.port,
      responseAddress: '127.0.0.1',
      responsePort: upstream.port,
    };
    expect(query).toMatchObject({ ...ends, protocol: 'udp', query: Buffer.from(received!.octets) });
    expect(response).toMatchObject({ ...ends, protocol: 'udp', queryTime: query!.queryTime });
    expect(response!.response!.readUInt16BE(0), 'the id on the wire').toBe(received!.message.id);
    expect(last!.response).toEqual(sent[0]);
  });
});

test('an upstream over TCP', async () => {
  const upstream = await startUpstream(answering([RECORD]));
  onTestFinished(() => upstream.close());
  const { port } = await start(`forward . ${upstream.endpoint} {\nforce_tcp\n}`);
  for (let i = 0; i < 2; i++) await ask(port, 'www.example.org', 'A');
  const messages = await told(8);
  expect(types(messages)).toBe('CQ FQ FR CR CQ FQ FR CR');
  for (const i of [0, 1]) {
    const { octets, peer } = upstream.received[i]!;
    expect(messages[4 * i + 1]).toMatchObject({ protocol: 'tcp', queryPort: peer.port, query: Buffer.from(octets) });
  }
});

test('an upstream over TLS has the protocol DOT, one over HTTPS the protocol DOH', async () => {
  const overTls = await startUpstream(answering([RECORD]), { cert: SERVER_CERT, key: KEY });
  const overHttps = await startHttpsUpstream(({ message, reply }) => reply(answerTo(message, [RECORD])));
  onTestFinished(async () => void (await Promise.all([overTls.close(), overHttps.close()])));
  const { port } = await start(
    `forward a. tls://${overTls.endpoint} {\ntls ca.pem\n}\nforward b. https://${overHttps.endpoint} {\ntls ca.pem\n}`,
  );
  await ask(port, 'a', 'A');
  await ask(port, 'b', 'A');
  const messages = await told(8);
  const [toTls, , , , toHttps] = messages.slice(1);
  expect(types(messages)).toBe('CQ FQ FR CR CQ FQ FR CR');
  expect(toTls).toMatchObject({
    protocol: 'dot',
    queryPort: overTls.received[0]!.peer.port,
    query: Buffer.from(overTls.received[0]!.octets),
  });
  expect(toHttps).toMatchObject({ protocol: 'doh', queryAddress: '127.0.0.1', responsePort: overHttps.port });
  expect(toHttps!.query!.readUInt16BE(0), 'RFC 8484: the id is 0').toBe(0);
});

test('a query that is sent again is told again, and one that is never sent is not', async () => {
  const upstream = await startUpstream(({ message, reply, index }) => {
    // Without an OPT record, FORMERR may mean that the upstream does not know them.
    reply(index === 0 ? answerTo(message, [], { rcode: 1, edns: undefined }) : answerTo(message, [RECORD]));
  });
  onTestFinished(() => upstream.close());
  const { port } = await start(
    `cache\nforward a. ${upstream.endpoint}\nforward b. 127.0.0.1:${await refusedPort()} {\nforce_tcp\n}`,
  );
  await ask(port, 'a', 'A');
  await ask(port, 'b', 'A');
  expect(types(await told(8))).toBe('CQ FQ FR FQ FR CR CQ CR');
});

test('with the upstream as a label', async () => {
  const upstream = await startUpstream(answering([RECORD]));
  onTestFinished(() => upstream.close());
  const tap = `metadata\ndnstap ${path} {\nidentity me\nextra "{name} {/forward/upstream}"\n}`;
  const { port } = await start(`forward . ${upstream.endpoint}`, { tap });
  await ask(port, 'www.example.org', 'A');
  const extra = ['-', upstream.endpoint, upstream.endpoint, upstream.endpoint].map((to) => `www.example.org. ${to}`);
  expect((await told(4)).map((message) => message.extra)).toEqual(extra);
});

test.runIf(await loadMachinery())('worker threads leave no query out', async () => {
  const { port } = await start(`multisocket 2\n${HOSTS}`);
  for (let round = 0; round < 4; round++) {
    await Promise.all(Array.from({ length: 16 }, () => ask(port, 'www.example.org', 'A')));
  }
  expect(await told(128)).toHaveLength(128);
});

test('a reload keeps the connection of a line that stays the same, and ends that of one that goes', async () => {
  const body = (tap: string) => `. {\nbind 127.0.0.1\n${tap}\n${HOSTS}\n}\n`;
  const running = await startServer(body(`dnstap ${path} {\nidentity a\n}`));
  await vi.waitFor(() => expect(running.lines.join()).toMatch(/connected to/), PATIENT);
  running.rewrite(body(`dnstap ${path} {\nidentity b\n}`));
  expect(await running.server.reload()).toBe('reloaded');
  await ask(running.port, 'www.example.org', 'A');
  expect((await told(2)).map(({ identity }) => identity)).toEqual(['b', 'b']);
  expect(reader.connections).toBe(1);
  running.rewrite(body(''));
  expect(await running.server.reload()).toBe('reloaded');
  expect(reader.controls, 'READY, START, STOP').toEqual([4, 2, 3]);
});

test('what waits at the end of the server is sent first', async () => {
  const { port, server } = await start(HOSTS);
  await ask(port, 'www.example.org', 'A');
  await server.shutdown();
  expect(types(await told(2))).toBe('CQ CR');
});

test.each<[string, TapReaderOptions | undefined]>([
  ['is away', undefined],
  ['is silent', { isSilent: true }],
  ['reads nothing', {}],
])('queries are answered while the tap %s', async (what, options) => {
  const at = join(folder, 'other.sock');
  const other = options && (await startTapReader(at, options));
  if (other) onTestFinished(() => other.close());
  const { port, lines } = await startServer(`. {\nbind 127.0.0.1\ndnstap ${at} full\n${HOSTS}\n}\n`);
  if (what === 'reads nothing') await vi.waitFor(() => expect(lines.join()).toMatch(/connected to/), PATIENT);
  other?.pause();
  for (let i = 0; i < 500; i++) expect((await ask(port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.1']);
});

test('programs connect to a listener, and only then messages are made', async () => {
  const at = join(folder, 'listen.sock');
  const { port, lines, server } = await startServer(
    `. {\nbind 127.0.0.1\nprometheus 127.0.0.1:0\ndnstap listen ${at} full\n${HOSTS}\n}\n`,
  );
  await vi.waitFor(() => expect(lines.join()).toMatch(/listening for dnstap sinks on \//), PATIENT);
  await ask(port, 'www.example.org', 'A');
  const program = readTapAt(() => connect(at));
  const shown = async () =>
    (await server.metrics.expose()).split('\n').filter((line) => line.startsWith('cairn_dnstap'));
  await vi.waitFor(
    async () => expect(await shown()).toContain(`cairn_dnstap_connections{tap="listen ${at}"} 1`),
    PATIENT,
  );
  await ask(port, 'www.example.org', 'A');
  await vi.waitFor(() => expect(program.frames).toHaveLength(2), PATIENT);
  await server.shutdown();
  await vi.waitFor(() => expect(program.controls).toEqual([4, 2, 3]), PATIENT);
});

test('a server in a test or a lookup connects to no tap', async () => {
  const text = `. {\ndnstap ${path}\n${HOSTS}\n}`;
  const server = new Server({
    source: corefileSource({ file: 'Corefile', text, plugins, dnsPort: 0 }),
    inProcess: true,
    sink: () => {},
  });
  await server.start();
  expect(await server.answer(encode(questionPacket('www.example.org', 'A')))).toBeInstanceOf(Buffer);
  await server.shutdown();
  const probe = connect(path);
  await once(probe, 'connect');
  await vi.waitFor(() => expect(reader.connections).toBe(1), PATIENT);
  probe.destroy();
});
