import { once } from 'node:events';
import { get } from 'node:https';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { certificate } from '../../../test/support/certificate.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import { until } from '../../../test/support/turns.ts';
import { createLogger } from '../../observe/log.ts';
import { type HttpOptions, openHttp, parseListenAddress, type ServePage } from './http.ts';

const pages = new Map<string, ServePage>([
  ['/health', () => ({ status: 200, body: 'OK' })],
  ['/ready', async () => ({ status: 503, body: 'kubernetes' })],
  ['/metrics', () => ({ status: 200, body: 'up 1\n', contentType: 'text/plain; version=0.0.4' })],
  [
    '/broken',
    () => {
      throw new Error('no luck');
    },
  ],
]);
const find = (path: string) => pages.get(path);
const ANYWHERE = { address: '127.0.0.1', port: 0 };

async function open(options: HttpOptions = {}) {
  const server = await openHttp(ANYWHERE, find, options);
  onTestFinished(() => server.close());
  const request = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return [response.status, await response.text(), response.headers.get('content-type')];
  };
  return { server, request };
}

const TEXT = 'text/plain; charset=utf-8';

test.each([
  ['GET', '/health', [200, 'OK', TEXT]],
  ['GET', '/health?verbose', [200, 'OK', TEXT]],
  ['HEAD', '/health', [200, '', TEXT]],
  ['GET', '/ready', [503, 'kubernetes', TEXT]],
  ['GET', '/metrics', [200, 'up 1\n', 'text/plain; version=0.0.4']],
  ['POST', '/health', [405, '405 method not allowed\n', TEXT]],
  ['GET', '/', [404, '404 page not found\n', TEXT]],
  ['POST', '/other', [404, '404 page not found\n', TEXT]],
  ['GET', '/broken', [500, '500 internal server error\n', TEXT]],
])('%s %s', async (method, path, expected) => {
  const { request } = await open();
  expect(await request(path, method)).toEqual(expected);
});

test('a page that throws is logged', async () => {
  const lines: string[] = [];
  const { request } = await open({ log: createLogger((_, line) => lines.push(line)) });
  await request('/broken');
  expect(lines).toEqual(['[ERROR] the page /broken failed: no luck']);
});

test('the pages can be swapped', async () => {
  const { server, request } = await open();
  server.serve((path) => (path === '/new' ? () => ({ status: 200, body: 'new' }) : undefined));
  expect(await request('/new')).toEqual([200, 'new', TEXT]);
  expect(await request('/health')).toEqual([404, '404 page not found\n', TEXT]);
});

test('closing ends idle connections, waits for none that hangs, and frees the port', async () => {
  const clock = fakeClock();
  let asked: (() => void) | undefined;
  const hanging = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const never = () => {
    asked!();
    return new Promise<never>(() => {});
  };
  const server = await openHttp(ANYWHERE, () => never, { clock });
  const client = connect(server.port, '127.0.0.1');
  client.write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n');
  await hanging;
  const closed = server.close();
  clock.advance(1000);
  await closed;
  client.destroy();
  const again = await openHttp({ address: '127.0.0.1', port: server.port }, find);
  await again.close();
});

/** A client that sends and reads as it is told. */
async function dial(port: number, localAddress?: string) {
  const socket = connect({ port, host: '127.0.0.1', ...(localAddress && { localAddress }) });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'connect');
  const text = async () => {
    let all = '';
    socket.on('data', (chunk) => (all += chunk));
    await ended;
    return all;
  };
  return { socket, ended, text };
}

const GET = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

test('a connection ends with the response to its first request, however many it sends', async () => {
  let served = 0;
  const count = () => {
    served++;
    return { status: 200, body: 'x'.repeat(200_000) };
  };
  const server = await openHttp(ANYWHERE, () => count);
  onTestFinished(() => server.close());
  const client = await dial(server.port);
  client.socket.write(GET('/count').repeat(2000));
  const text = client.text();
  await until(() => served > 0);
  expect((await text).match(/^HTTP\/1.1 \d+/gm)).toEqual(['HTTP/1.1 200']);
  expect(served).toBe(1);
});

test('a client that never comes to the end of its request has a second for it', async () => {
  const clock = fakeClock();
  const { server } = await open({ clock });
  const client = await dial(server.port);
  for (let elapsedMs = 0; elapsedMs < 1000; elapsedMs += 250) {
    client.socket.write('G');
    await until(() => server.stats.open === 1);
    clock.advance(250);
  }
  await client.ended;
  await until(() => server.stats.closed.read === 1);
});

test('a client that reads nothing of a page is closed after five seconds, and its memory is freed', async () => {
  const clock = fakeClock();
  const body = Buffer.alloc(14_000_000, 'x');
  const server = await openHttp(ANYWHERE, () => () => ({ status: 200, body }), { clock });
  onTestFinished(() => server.close());
  const clients = await Promise.all([1, 2, 3].map(() => dial(server.port)));
  for (const { socket } of clients) {
    socket.pause();
    socket.write(GET('/large'));
  }
  await until(() => server.stats.bodyOctets > 0);
  const written = () => clients.every(({ socket }) => socket.readableLength > 0 || socket.bytesRead > 0);
  for (const { socket } of clients) socket.read(0);
  await until(written);
  expect(server.stats.bodyOctets).toBe(14_000_000);
  for (let waits = 0; waits < 100; waits++) await new Promise(setImmediate);
  clock.advance(5250);
  await until(() => server.stats.open === 0);
  expect(server.stats).toMatchObject({ bodyOctets: 0, closed: { write: 3 } });
});

test('of bodies that are too large together, the oldest one goes', async () => {
  // More than the system takes for a client that reads nothing.
  const page = () => ({ status: 200, body: Buffer.alloc(14_000_000, 'x') });
  const server = await openHttp(ANYWHERE, () => page);
  onTestFinished(() => server.close());
  const [first, second] = [await dial(server.port), await dial(server.port)];
  first.socket.pause().write(GET('/large'));
  await until(() => server.stats.bodyOctets > 0);
  second.socket.write(GET('/large'));
  expect((await second.text()).length).toBeGreaterThan(14_000_000);
  first.socket.resume();
  await first.ended;
  await until(() => server.stats.open === 0);
  expect(server.stats).toMatchObject({ bodyOctets: 0, closed: { displaced: 1 } });
});

test.runIf(process.platform === 'linux')('idle connections of one client never keep another one out', async () => {
  const { server } = await open({ clock: fakeClock() });
  const early = await dial(server.port, '127.0.0.3');
  const idle = [];
  for (let count = 1; count <= 300; count++) idle.push(await dial(server.port, '127.0.0.2'));
  const late = await dial(server.port, '127.0.0.4');
  late.socket.write(GET('/health'));
  expect(await late.text()).toMatch(/^HTTP\/1.1 200 OK.*OK$/s);
  early.socket.write(GET('/health'));
  expect(await early.text()).toMatch(/^HTTP\/1.1 200 OK.*OK$/s);
  await idle[0]!.ended;
  // 302 have come, and there is room for 256.
  expect(server.stats.closed.displaced).toBe(46);
});

test('what many clients send at once is taken in several turns, and kept to a bound until then', async () => {
  let turn = 0;
  const served = new Map<number, number>();
  const page = () => {
    served.set(turn, (served.get(turn) ?? 0) + 1);
    return { status: 200, body: 'OK' };
  };
  const server = await openHttp(ANYWHERE, () => page, { clock: fakeClock() });
  onTestFinished(() => server.close());
  const clients = [];
  for (let count = 1; count <= 60; count++) clients.push(await dial(server.port));
  for (const { socket } of clients) socket.resume().write(GET('/health').repeat(1500));
  let kept = 0;
  for (; server.stats.open > 0; turn++) {
    kept = Math.max(kept, server.stats.unfinishedOctets);
    await new Promise(setImmediate);
  }
  expect(Math.max(...served.values())).toBeLessThanOrEqual(2 * 4);
  expect(server.stats.closed.displaced).toBeGreaterThan(0);
  expect(kept).toBeLessThanOrEqual(1024 * 1024);
});

test('with a certificate the pages are served over HTTPS', async () => {
  const { server } = await open({ tls: { ...certificate, requestCert: false, rejectUnauthorized: false } });
  const body = await new Promise((resolve, reject) => {
    const url = `https://127.0.0.1:${server.port}/health`;
    get(url, { ca: certificate.cert, agent: false }, (response) => response.setEncoding('utf8').on('data', resolve)).on(
      'error',
      reject,
    );
  });
  expect(body).toBe('OK');
});

test('an address in use is an error that says so', async () => {
  const { server } = await open();
  await expect(openHttp({ address: '127.0.0.1', port: server.port }, find)).rejects.toThrow(
    `cannot listen on TCP 127.0.0.1:${server.port}: it is already in use`,
  );
});

test.each([
  [':8080', { address: undefined, port: 8080 }],
  ['127.0.0.1:8080', { address: '127.0.0.1', port: 8080 }],
  ['localhost:9253', { address: 'localhost', port: 9253 }],
  ['[::1]:80', { address: '::1', port: 80 }],
  ['[fe80:0::1%eth0]:80', { address: 'fe80::1%eth0', port: 80 }],
])('%j is an address to listen on', (text, target) => {
  expect(parseListenAddress(text)).toEqual(target);
});

test.each(['8080', '', ':', ':65536', '::1:80', '[::1]', '[10.0.0.1]:80', '[x]:80', 'a b:80', 'http://x:80'])(
  '%j is no address to listen on',
  (text) => {
    expect(() => parseListenAddress(text)).toThrow(
      `"${text}" is not an address to listen on: write HOST:PORT, [IPV6]:PORT or :PORT`,
    );
  },
);
