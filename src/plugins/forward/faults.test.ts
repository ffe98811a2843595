import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { exchangeUdp } from '../../../test/support/ask.ts';
import { CA_CERT, EXPIRED_CERT, KEY, NAMED_CERT, SERVER_CERT } from '../../../test/support/authority.ts';
import { certificate } from '../../../test/support/certificate.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import { type HttpsReceived, startHttpsUpstream } from '../../../test/support/https-upstream.ts';
import { testMessage } from '../../../test/support/query.ts';
import { printAnswer } from '../../../test/support/scenario/message.ts';
import { advance } from '../../../test/support/scenario/time.ts';
import { startServer } from '../../../test/support/server.ts';
import { answering, answerTo, type Received, refusedPort, startUpstream } from '../../../test/support/upstream.ts';
import type { Message } from '../../dns/message.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { UDP_VARIABLE } from '../../net/udp/udp.ts';

const folder = mkdtempSync(join(tmpdir(), 'faults-'));
writeFileSync(join(folder, 'ca.pem'), CA_CERT);
afterAll(() => rm(folder, { recursive: true }));

beforeAll(() => {
  // The batched kind waits in a thread of its own, and the clock might run ahead of it.
  process.env[UDP_VARIABLE] = 'portable';
});

const clock = fakeClock();
const RECORD = 'example.org. 60 IN A 192.0.2.1';
const QUESTION_END = 12 + 13 + 4;

/** What stands in the README's table for what the client gets. */
const OUTCOMES: Readonly<Record<string, string>> = {
  'the answer': `NOERROR ra\n${RECORD}`,
  'an empty response with TC': 'NOERROR ra tc',
  SERVFAIL: 'SERVFAIL ra',
  'SERVFAIL after 2 s': 'SERVFAIL ra',
  'REFUSED, from the upstream': 'REFUSED ra',
  'FORMERR, from the upstream': 'FORMERR ra',
};

type Reason = '' | 'timeout' | 'refused' | 'closed' | 'malformed' | 'tls' | 'http';
/** A fault, what the client gets, the reason in `cairn_forward_failures_total`, and how to bring it about. */
type Row<T> = readonly [fault: string, outcome: keyof typeof OUTCOMES, reason: Reason, cause: T];

/** The right reply, changed. */
const reply =
  (change: Partial<Message> = {}) =>
  ({ message }: Received) =>
    answerTo(message, [RECORD], change);
const octets = (query: Received) => encodeMessage(reply()(query));
const sends =
  (...replies: ((query: Received) => Message | Uint8Array)[]) =>
  (query: Received) => {
    for (const make of replies) query.reply(make(query));
  };
const otherId = (query: Received) => ({ ...reply()(query), id: query.message.id ^ 1 });
const otherQuestion = (query: Received) => ({
  ...reply()(query),
  questions: testMessage('example.com. A').questions,
});
/** A header that says `rcode` and that nothing follows. */
const bareHeader = (rcode: number) => (query: Received) => {
  const header = Buffer.alloc(12);
  header.set(query.octets.subarray(0, 3));
  header[2] = 0x81;
  header[3] = rcode;
  return header;
};
/** The right header and question, an answer record whose name points at itself. */
const nameInCircles = (query: Received) => {
  const whole = Buffer.from(octets(query));
  whole.writeUInt16BE(0xc000 | QUESTION_END, QUESTION_END);
  return whole;
};

const udp: readonly Row<(query: Received) => void>[] = [
  ['silent', 'SERVFAIL after 2 s', 'timeout', () => {}],
  ['slow: responds after 1.5 s', 'the answer', '', (query) => clock.after(1500, () => query.reply(reply()(query)))],
  ['another id', 'SERVFAIL after 2 s', 'timeout', sends(otherId)],
  ['another id, then the right response', 'the answer', '', sends(otherId, reply())],
  ['another question', 'SERVFAIL after 2 s', 'timeout', sends(otherQuestion)],
  ['another question, then the right response', 'the answer', '', sends(otherQuestion, reply())],
  [
    'the question in other letter case',
    'the answer',
    '',
    sends(reply({ questions: testMessage('EXAMPLE.org. A').questions })),
  ],
  ['the query, sent back', 'SERVFAIL after 2 s', 'timeout', sends(({ octets }) => octets)],
  ['an empty datagram', 'SERVFAIL after 2 s', 'timeout', sends(() => new Uint8Array())],
  ['not a DNS message', 'SERVFAIL after 2 s', 'timeout', sends(() => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))],
  ['a response from another port', 'SERVFAIL after 2 s', 'timeout', fromAnotherPort],
  ['NOERROR without a question', 'SERVFAIL after 2 s', 'timeout', sends(bareHeader(0))],
  ['FORMERR without a question', 'FORMERR, from the upstream', '', sends(bareHeader(1))],
  ['an incomplete message, without TC', 'SERVFAIL', 'malformed', sends((query) => octets(query).subarray(0, -3))],
  ['a compression pointer to itself', 'SERVFAIL', 'malformed', sends(nameInCircles)],
  ['an empty response with TC', 'an empty response with TC', '', sends(reply({ tc: true, answer: [] }))],
  ['the same response twice', 'the answer', '', sends(reply(), reply())],
  ['SERVFAIL', 'SERVFAIL', '', sends(reply({ rcode: 2, answer: [] }))],
  ['REFUSED', 'REFUSED, from the upstream', '', sends(reply({ rcode: 5, answer: [] }))],
];

const framed = (message: Uint8Array) => {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(message.length);
  return Buffer.concat([prefix, message]);
};
/** Reads one query, of whatever framing, and does what the test says with it. */
const onQuery = (act: (socket: Socket, query: Received) => void) => (socket: Socket) => {
  socket.once('data', (data) => {
    const octets = data.subarray(2);
    act(socket, { octets, message: decodeMessage(octets) } as unknown as Received);
  });
};

const tcp: readonly Row<(socket: Socket) => void>[] = [
  ['closes at once', 'SERVFAIL', 'closed', (socket) => socket.destroy()],
  ['closes instead of a response', 'SERVFAIL', 'closed', onQuery((socket) => socket.end())],
  ['resets instead of a response', 'SERVFAIL', 'closed', onQuery((socket) => socket.resetAndDestroy())],
  [
    'closes in the middle of a response',
    'SERVFAIL',
    'closed',
    onQuery((socket, query) => socket.end(framed(octets(query)).subarray(0, 20))),
  ],
  [
    'stops in the middle of a response',
    'SERVFAIL after 2 s',
    'timeout',
    onQuery((socket, query) => socket.write(framed(octets(query)).subarray(0, 20))),
  ],
  ['a response octet by octet', 'the answer', '', onQuery(trickle)],
  [
    'an empty message, then the right response',
    'the answer',
    '',
    onQuery((socket, query) => socket.write(Buffer.concat([Buffer.alloc(2), framed(octets(query))]))),
  ],
  [
    'another id',
    'SERVFAIL after 2 s',
    'timeout',
    onQuery((socket, query) => socket.write(framed(encodeMessage(otherId(query))))),
  ],
  [
    'not a DNS message',
    'SERVFAIL after 2 s',
    'timeout',
    onQuery((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
  ],
];

const tls: readonly Row<TlsOptions | ((socket: Socket) => void)>[] = [
  ['a certificate for another name', 'SERVFAIL', 'tls', { cert: NAMED_CERT }],
  ['a certificate that has expired', 'SERVFAIL', 'tls', { cert: EXPIRED_CERT }],
  ['a self-signed certificate', 'SERVFAIL', 'tls', { cert: certificate.cert, key: certificate.key }],
  ['requires a client certificate, and there is none', 'SERVFAIL', 'tls', { requestCert: true, ca: CA_CERT }],
  ['TLS 1.1 only', 'SERVFAIL', 'tls', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }],
  [
    'no TLS: responds without encryption',
    'SERVFAIL',
    'tls',
    (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
  ],
  ['no TLS: closes', 'SERVFAIL', 'closed', (socket) => socket.destroy()],
  ['no TLS: silent', 'SERVFAIL after 2 s', 'timeout', () => {}],
];

/** Responds with octets and leaves it open whether more will come. */
const begin = (stream: ServerHttp2Stream, octets: Uint8Array, then = () => {}) => {
  stream.respond({ ':status': 200, 'content-type': 'application/dns-message' });
  stream.write(octets, then);
};

const https: readonly Row<(query: HttpsReceived) => void>[] = [
  ['silent', 'SERVFAIL after 2 s', 'timeout', () => {}],
  ['status 500', 'SERVFAIL', 'http', ({ message, reply }) => reply(answerTo(message, [RECORD]), { ':status': 500 })],
  ['a redirection', 'SERVFAIL', 'http', ({ reply }) => reply(Buffer.alloc(0), { ':status': 302, location: '/x' })],
  ['a web page', 'SERVFAIL', 'malformed', ({ reply }) => reply(Buffer.from('<p>'), { 'content-type': 'text/html' })],
  ['an empty body', 'SERVFAIL', 'malformed', ({ reply }) => reply(Buffer.alloc(0))],
  ['a response without end', 'SERVFAIL', 'malformed', ({ stream }) => begin(stream, Buffer.alloc(100_000))],
  [
    'another question',
    'SERVFAIL',
    'malformed',
    ({ message, reply }) =>
      reply({ ...answerTo(message, [RECORD]), questions: testMessage('example.com. A').questions }),
  ],
  ['resets the request', 'SERVFAIL', 'closed', ({ stream }) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
  [
    'closes the connection in the middle of a response',
    'SERVFAIL',
    'closed',
    ({ stream, message }) => begin(stream, encodeMessage(answerTo(message, [RECORD])), () => stream.session?.destroy()),
  ],
  ['closes the connection', 'SERVFAIL', 'closed', ({ session }) => session.destroy()],
];

test.each(udp)('over UDP: %s: %s %s', async (_, outcome, reason, script) => {
  const upstream = await startUpstream(script);
  onTestFinished(upstream.close);
  await check(upstream.endpoint, outcome, reason);
});

test.each([
  ['', 'refused'],
  ['force_tcp', 'refused'],
] as const)('nobody listens, with "%s"', async (option, reason) => {
  await check(`127.0.0.1:${await refusedPort()}`, 'SERVFAIL', reason, option);
});

test('over UDP, with prefer_udp: an empty response with TC', async () => {
  const upstream = await startUpstream((query) => query.reply(reply({ tc: query.protocol === 'udp' })(query)));
  onTestFinished(upstream.close);
  await check(upstream.endpoint, 'the answer', '', 'prefer_udp');
});

test.each(tcp)('over TCP: %s: %s %s', async (_, outcome, reason, accept) => {
  await check(`127.0.0.1:${await listen(createServer(accept))}`, outcome, reason, 'force_tcp');
});

test.each(tls)('over TLS: %s: %s %s', async (_, outcome, reason, fault) => {
  const server =
    typeof fault === 'function'
      ? createServer(fault)
      : createTlsServer({ cert: SERVER_CERT, key: KEY, ...fault }).on('tlsClientError', () => {});
  await check(`tls://127.0.0.1:${await listen(server)}`, outcome, reason, `tls ${folder}/ca.pem`);
});

test.each(https)('over HTTPS: %s: %s %s', async (_, outcome, reason, script) => {
  const upstream = await startHttpsUpstream(script);
  onTestFinished(upstream.close);
  await check(`https://${upstream.endpoint}`, outcome, reason, `tls ${folder}/ca.pem`);
});

test('over HTTPS: no HTTP/2', async () => {
  const upstream = await startUpstream(answering([RECORD]), { cert: SERVER_CERT, key: KEY });
  onTestFinished(upstream.close);
  await check(`https://${upstream.endpoint}`, 'SERVFAIL', 'tls', `tls ${folder}/ca.pem`);
});

test('the README says the same', () => {
  const rows = (over: string, table: readonly Row<unknown>[]) =>
    table.map(([fault, outcome, reason]) => `| ${over} | ${fault} | ${outcome} | ${reason && `\`${reason}\``} |`);
  const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8').split('\n');
  const documented = readme.filter((line) => /^\| (UDP|TCP|TLS|HTTPS) \|/.test(line));
  expect(documented).toEqual([
    ...rows('UDP', udp),
    '| UDP | no server listens | SERVFAIL | `refused` |',
    '| UDP | an empty response with TC, and `prefer_udp` | the answer, after a second query over TCP |  |',
    ...rows('TCP', tcp),
    '| TCP | no server listens | SERVFAIL | `refused` |',
    ...rows('TLS', tls),
    ...rows('HTTPS', https),
    '| HTTPS | no HTTP/2 | SERVFAIL | `tls` |',
  ]);
});

/** Asks a server that forwards to one upstream, once, and looks at what the client gets and what is counted. */
async function check(to: string, outcome: keyof typeof OUTCOMES, reason: Reason, option = ''): Promise<void> {
  const corefile = `. {\nforward . ${to} {\nmax_fails 0\nmax_connect_attempts 1\n${option}\n}\n}\n`;
  const { port, server } = await startServer(corefile, { clock });
  const startMs = clock.monotonic();
  const asked = exchangeUdp('127.0.0.1', port, encodeMessage(testMessage('example.org. A')));
  let replied = false;
  asked.then(() => {
    replied = true;
  });
  if (outcome === 'SERVFAIL after 2 s') {
    await advance(clock, 1999);
    expect(replied).toBe(false);
    await advance(clock, 1);
  } else if (outcome === 'the answer') {
    await advance(clock, 1500);
  }
  expect(printAnswer(decodeMessage(await asked))).toBe(OUTCOMES[outcome]);
  expect(clock.monotonic() - startMs).toBeLessThanOrEqual(2000);
  const lines = (await server.metrics.expose()).split('\n');
  const counted = lines.filter((line) => line.startsWith('cairn_forward_failures_total{'));
  expect(counted.map((line) => /reason="(\w+)"\} 1/.exec(line)?.[1])).toEqual(reason === '' ? [] : [reason]);
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  server.on('secureConnection', (socket: Socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => server.close(closed));
  });
  return (server.address() as AddressInfo).port;
}

function fromAnotherPort(query: Received): void {
  const socket = createSocket('udp4');
  socket.send(octets(query), query.peer.port, query.peer.address, () => socket.close());
}

function trickle(socket: Socket, query: Received): void {
  socket.setNoDelay(true);
  for (const octet of framed(octets(query))) socket.write(Uint8Array.of(octet));
}
