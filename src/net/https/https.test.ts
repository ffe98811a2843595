import { once } from 'node:events';
import { constants } from 'node:http2';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { dialHttp2, fetchHttp1, TRUST } from '../../../test/support/ask-encrypted.ts';
import { KEY, SERVER_CERT } from '../../../test/support/authority.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import { END_HEADERS, FRAME, frame, POST_FIELDS, PREFACE } from '../../../test/support/http2-frames.ts';
import { testMessage } from '../../../test/support/query.ts';
import { until } from '../../../test/support/turns.ts';
import { answerTo } from '../../../test/support/upstream.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import type { StreamLimits } from '../stream/connections.ts';
import type { ServerCredentials } from '../stream/tls-server.ts';
import type { Peer, Receiver, SendResponse } from '../transport.ts';
import { openHttps } from './https.ts';

const CREDENTIALS: ServerCredentials = { cert: SERVER_CERT, key: KEY, ca: undefined, clientAuth: 'nocert' };
const message = testMessage('www.example.org.');
const QUERY = encodeMessage(message);
const GET = { ':path': `/dns-query?dns=${QUERY.toString('base64url')}` };
const POST = { ':method': 'POST', ':path': '/dns-query' };

/** A client that takes nothing of its responses. */
const NO_WINDOW = { settings: { initialWindowSize: 0 } };

/** Answers every query with these records. */
function answering(...records: string[]): Receiver {
  return () => encodeMessage(answerTo(message, records));
}

async function listen(receive: Receiver = answering(), limits: Partial<StreamLimits> = {}) {
  const clock = fakeClock();
  const tls = () => CREDENTIALS;
  const listener = await openHttps({ address: '127.0.0.1', port: 0, clock, limits, tls }, receive);
  onTestFinished(() => {
    const closed = listener.close(0);
    clock.advance(5000);
    return closed;
  });
  return { ...listener, clock };
}

/** A receiver whose replies the test sends. */
function later() {
  const sends: SendResponse[] = [];
  const receive: Receiver = ({ defer }) => {
    sends.push(defer());
    return undefined;
  };
  return { sends, receive };
}

test.each([
  ['the smallest TTL', ['a.example. 300 IN A 192.0.2.1', 'a.example. 60 IN A 192.0.2.2'], {}, 60],
  ['an hour at most', ['a.example. 86400 IN A 192.0.2.1'], {}, 3600],
  ['nothing for a reply without records', [], {}, 0],
  ['5 seconds for an error', [], { rcode: 2 }, 5],
] as const)('Cache-Control: %s', async (_, records, header, seconds) => {
  const { port } = await listen(() => encodeMessage(answerTo(message, records, header)));
  const { fetch } = await dialHttp2(port);
  const { status, headers } = await fetch(GET);
  expect(status).toBe(200);
  expect(headers['cache-control']).toBe(`max-age=${seconds}`);
  expect(headers['content-type']).toBe('application/dns-message');
});

test('the receiver gets the octets as they were sent, and who asked whom', async () => {
  const seen: [string, Peer, Peer][] = [];
  const { port } = await listen(({ bytes, client, local }) => {
    seen.push([Buffer.from(bytes).toString('hex'), client, local]);
    return answering()({ bytes, client, local, defer: () => () => {} });
  });
  const { fetch, session } = await dialHttp2(port);
  await fetch(GET);
  await fetch(POST, QUERY);
  const client = { address: '127.0.0.1', port: session.socket.localPort };
  expect(seen).toEqual(Array(2).fill([QUERY.toString('hex'), client, { address: '127.0.0.1', port }]));
});

test.each([
  ['another path', { ':path': '/' }, undefined, 404],
  ['no parameter', { ':path': '/dns-query' }, undefined, 400],
  ['padded base64', { ':path': `${GET[':path']}==` }, undefined, 400],
  ['what is not base64url', { ':path': '/dns-query?dns=a+b/' }, undefined, 400],
  ['fewer octets than a header has', POST, QUERY.subarray(0, 11), 400],
  ['a reply', POST, encodeMessage(answerTo(message)), 400],
  ['more than a message can be', POST, Buffer.alloc(65_536), 413],
  ['another method', { ':method': 'PUT', ':path': '/dns-query' }, QUERY, 405],
])('%s is refused', async (_, headers, body, status) => {
  const { port, responses, stats } = await listen();
  const { fetch } = await dialHttp2(port);
  expect((await fetch(headers, body)).status).toBe(status);
  expect([...responses]).toEqual([[status, 1]]);
  const path = headers[':path'];
  const method = ':method' in headers ? headers[':method'] : 'GET';
  expect((await fetchHttp1(port, { path, method }, body)).status).toBe(status);
  expect((await fetch(GET)).status).toBe(200);
  expect(stats.open).toBeGreaterThan(0);
});

test('a query without a response gets status 500', async () => {
  const { port } = await listen(() => undefined);
  expect((await (await dialHttp2(port)).fetch(GET)).status).toBe(500);
});

test('requests of one HTTP/2 connection are answered out of order', async () => {
  const { sends, receive } = later();
  const { port } = await listen(receive);
  const { fetch } = await dialHttp2(port);
  const [first, second] = [fetch(GET), fetch(POST, QUERY)];
  await until(() => sends.length === 2);
  sends[1]!(answering('b.example. 2 IN A 192.0.2.2')({} as never));
  expect((await second).headers['cache-control']).toBe('max-age=2');
  sends[0]!(answering('a.example. 1 IN A 192.0.2.1')({} as never));
  expect((await first).headers['cache-control']).toBe('max-age=1');
});

test('HTTP/1.1 connections are kept for more requests, and closed when idle', async () => {
  const { port, clock, stats } = await listen();
  const socket = connect({ host: '127.0.0.1', port, ...TRUST, ALPNProtocols: ['http/1.1'] });
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  for (let count = 1; count <= 2; count++) {
    socket.write(`GET ${GET[':path']} HTTP/1.1\r\nHost: dns.test\r\n\r\n`);
    await until(() => text.split('200 OK').length === count + 1);
    clock.advance(9000);
  }
  expect(stats.open).toBe(1);
  clock.advance(1500);
  await once(socket, 'close');
  await until(() => stats.closed.idle === 1);
});

test.each([
  ['no request at all', undefined],
  ['a body that does not end', { ...POST, 'content-length': '100' }],
])('%s: the connection is closed after the read timeout', async (_, headers) => {
  const { port, clock, stats } = await listen();
  const { session, ended } = await dialHttp2(port);
  if (headers) {
    const stream = session.request(headers, { endStream: false });
    stream.on('error', () => {});
    stream.write(QUERY);
  }
  await new Promise((resolve) => session.ping(() => resolve(undefined)));
  clock.advance(3250);
  await ended;
  await until(() => stats.closed.read === 1);
});

test('a client that takes nothing of its response is closed after the write timeout', async () => {
  const { port, clock, stats, responses } = await listen();
  const { session } = await dialHttp2(port, NO_WINDOW);
  session.request(GET).on('error', () => {});
  await until(() => responses.get(200) === 1);
  clock.advance(5250);
  await until(() => stats.closed.write === 1);
});

test('requests that are taken back count until their queries have replies; those above the bound are turned away', async () => {
  const { sends, receive } = later();
  const { port } = await listen(receive, { maxInFlight: 4 });
  const { session, fetch } = await dialHttp2(port);
  for (let count = 1; count <= 4; count++) {
    const stream = session.request(GET);
    stream.on('error', () => {});
    await until(() => sends.length === count);
    stream.close(constants.NGHTTP2_CANCEL);
    await once(stream, 'close');
  }
  await expect(fetch(GET)).rejects.toThrow();
  expect(sends).toHaveLength(4);
  for (const send of sends) send(undefined);
  const answered = fetch(GET);
  await until(() => sends.length === 5);
  sends[4]!(answering()({} as never));
  expect((await answered).status).toBe(200);
});

test.each([
  ['HTTP/2', 'h2'],
  ['HTTP/1.1', 'http/1.1'],
])('a listener that closes answers what is under way over %s first', async (_, alpn) => {
  const { sends, receive } = later();
  const { port, close, stats } = await listen(receive);
  const asked =
    alpn === 'h2' ? dialHttp2(port).then(({ fetch }) => fetch(GET)) : fetchHttp1(port, { path: GET[':path'] });
  await until(() => sends.length === 1);
  const closed = close();
  sends[0]!(answering()({} as never));
  expect((await asked).status).toBe(200);
  await closed;
  await until(() => stats.closed.shutdown === 1);
});

test('after the maximum number of queries the connection ends', async () => {
  const { port, stats } = await listen(answering(), { maxQueries: 2 });
  const { fetch, ended } = await dialHttp2(port);
  await fetch(GET);
  await fetch(GET);
  await ended;
  await until(() => stats.closed.queries === 1);
});

test('at the bound of unfinished messages the one that has been unfinished for the longest makes room', async () => {
  const { port, stats } = await listen(answering(), { maxUnfinishedOctets: 50_000 });
  const [first, second] = [await dialHttp2(port), await dialHttp2(port)];
  const begin = (client: typeof first, octets: number) => {
    const stream = client.session.request(POST);
    stream.on('error', () => {});
    stream.write(Buffer.alloc(octets));
    return stream;
  };
  begin(first, 20_000);
  await until(() => stats.unfinishedOctets >= 20_000);
  const [whole, given] = [begin(second, 10_000), begin(second, 100)];
  await until(() => stats.unfinishedOctets >= 30_100);
  whole.end();
  given.destroy();
  await until(() => stats.unfinishedOctets < 25_000);
  begin(second, 30_000);
  await first.ended;
  expect(stats).toMatchObject({ open: 1, closed: { displaced: 1 } });
  expect(stats.unfinishedOctets).toBeLessThan(50_000);
});

test('at the bound of unsent responses the one whose client has taken nothing for the longest makes room', async () => {
  const records = Array.from({ length: 600 }, (_, i) => `a.example. 60 IN A 10.0.${i >> 8}.${i & 255}`);
  const { port, stats } = await listen(answering(...records), { maxUnsentOctets: 30_000 });
  const [slow, other] = [await dialHttp2(port, NO_WINDOW), await dialHttp2(port)];
  for (let count = 1; count <= 2; count++) {
    slow.session.request(GET).on('error', () => {});
    await until(() => stats.unsentOctets > count * 9600);
    expect((await other.fetch(GET)).status).toBe(200);
  }
  slow.session.request(GET).on('error', () => {});
  await slow.ended;
  expect((await other.fetch(GET)).status).toBe(200);
  await until(() => stats.unsentOctets === 0);
  expect(stats).toMatchObject({ open: 1, closed: { displaced: 1 } });
});

test('a request that is not whole does not keep its connection from making room', async () => {
  const { port, stats } = await listen(answering(), { maxConnections: 1 });
  const slow = await dialHttp2(port);
  slow.session.request(POST, { endStream: false }).on('error', () => {});
  await new Promise((resolve) => slow.session.ping(() => resolve(undefined)));
  const other = await dialHttp2(port);
  await slow.ended;
  expect((await other.fetch(GET)).status).toBe(200);
  expect(stats).toMatchObject({ open: 1, refused: 0, closed: { displaced: 1 } });
});

/** A client over HTTP/2 that has said no more than that, and never ends its side. */
async function dialFrames(port: number) {
  const options = { host: '127.0.0.1', port, ...TRUST, ALPNProtocols: ['h2'], allowHalfOpen: true };
  const socket = connect(options);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {}).resume();
  await once(socket, 'secureConnect');
  socket.write(Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(0))]));
  return socket;
}

test('a client that neither asks nor ends its side is closed for good', async () => {
  const { port, clock, stats } = await listen();
  const socket = await dialFrames(port);
  await once(socket, 'data');
  clock.advance(3250);
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  clock.advance(5250);
  await until(() => stats.open === 0);
});

test('the header fields of a request count as long as it is not answered', async () => {
  const { sends, receive } = later();
  const { port, stats } = await listen(receive);
  const { fetch } = await dialHttp2(port);
  const answered = fetch({ ...GET, 'x-padding': 'x'.repeat(5000) });
  await until(() => sends.length === 1);
  expect(stats.unfinishedOctets).toBeGreaterThan(5000);
  sends[0]!(answering()({} as never));
  expect((await answered).status).toBe(200);
  await until(() => stats.unfinishedOctets === 0);
  await expect(fetch({ ...GET, 'x-padding': 'x'.repeat(10_000) })).rejects.toThrow();
});

test('a client that takes its requests back again and again loses its connection', async () => {
  let queries = 0;
  const { port } = await listen((incoming) => {
    queries++;
    return answering()(incoming);
  });
  const { session, ended } = await dialHttp2(port);
  let sent = 0;
  while (!session.closed && !session.destroyed && sent < 900) {
    const stream = session.request(GET).on('error', () => {});
    stream.close(constants.NGHTTP2_CANCEL);
    sent++;
    if (sent % 10 === 0) await new Promise((resolve) => session.ping(resolve) || resolve(undefined));
  }
  await ended;
  expect(sent).toBeLessThan(900);
  expect(queries).toBeLessThan(400);
  const { fetch } = await dialHttp2(port);
  expect((await fetch(GET)).status).toBe(200);
});

test('a client that sends frames without sense loses its connection', async () => {
  const { port, stats } = await listen();
  const socket = await dialFrames(port);
  socket.write(frame(FRAME.HEADERS, END_HEADERS, 1, POST_FIELDS));
  await until(() => stats.open === 1);
  const empty = frame(FRAME.DATA, 0, 1, Buffer.alloc(0));
  socket.write(Buffer.concat(Array<Buffer>(50).fill(empty)));
  await until(() => stats.open === 0);
});

test('a request with too many header fields is refused', async () => {
  const { port } = await listen();
  const { fetch } = await dialHttp2(port);
  const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, 'x']));
  expect((await fetch({ ...GET, ...fields(50) })).status).toBe(200);
  await expect(fetch({ ...GET, ...fields(70) })).rejects.toThrow();
});
