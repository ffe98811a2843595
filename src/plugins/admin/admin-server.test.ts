import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { adminAt } from '../../../test/support/admin.ts';
import { testEnv } from '../../../test/support/env.ts';
import { folderWith } from '../../../test/support/folder.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import type { Kept } from '../../plugin/env.ts';
import { Keeper } from '../../server/reload/keeper.ts';
import { AdminServer, MAX_CONNECTIONS } from './admin-server.ts';
import type { LineWriter, Route } from './http.ts';
import admin from './index.ts';
import { MAX_VIEWERS } from './lines.ts';
import { adminCounts } from './metrics.ts';
import { MAX_BURST } from './pace.ts';

/** An interface on a Unix socket with routes of its own. */
async function start(routes: readonly Route[]) {
  const env = testEnv({ name: 'admin' });
  const path = join(folderWith({}), 'admin.sock');
  const { clock, log, metrics } = env;
  const counts = adminCounts(metrics, 'x');
  const options = {
    name: path,
    clock,
    log,
    viewers: { count: 0 },
    open: { servers: new Set<AdminServer>() },
    counts,
    routes: () => routes,
  };
  const server = new AdminServer({ kind: 'unix', path }, options);
  onTestFinished(() => server.stop());
  await server.serve({ isUnix: true, token: undefined, readToken: undefined });
  const counted = async (name: string) =>
    (await env.exposed(`cairn_admin_${name}`)).map((line) => line.split(' ').at(-1));
  return { server, env, path, counted, ...adminAt(path) };
}

/** A route with lines that the test writes. */
function lineRoute() {
  const writers: LineWriter[] = [];
  let ended = 0;
  const route: Route = {
    method: 'GET',
    path: '/v1/lines',
    respond: ({ signal }) => ({
      async lines(write) {
        writers.push(write);
        await once(signal, 'abort');
        ended++;
      },
    }),
  };
  return { route, writers, ended: () => ended };
}

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

test('a viewer gets lines as they are written, and its end is told', async () => {
  const { route, writers, ended } = lineRoute();
  const { open, counted } = await start([route]);
  const response = await open('/v1/lines');
  expect(response.headers).toMatchObject({ 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  await vi.waitUntil(() => writers[0], PATIENT);
  expect(await counted('viewers')).toEqual(['1']);
  expect(writers[0]!({ name: 'a\u2028\x7f' })).toBe(true);
  const [chunk] = await once(response, 'data');
  expect(String(chunk)).toBe('{"name":"a\\u2028\\u007f"}\n');
  response.destroy();
  await vi.waitUntil(() => ended() === 1, PATIENT);
  await expect.poll(() => counted('viewers')).toEqual(['0']);
  expect(writers[0]!({})).toBe(false);
});

test('one viewer more than allowed is told so, and gets in when another has gone', async () => {
  const { route } = lineRoute();
  const { open, get, counted } = await start([route]);
  const viewers = [];
  for (let i = 0; i < MAX_VIEWERS; i++) viewers.push(await open('/v1/lines'));
  expect(await get('/v1/lines')).toMatchObject({ status: 429, json: { error: /8 clients read lines already/ } });
  expect(await counted('refused_viewers')).toEqual(['1']);
  viewers[0]!.destroy();
  await expect.poll(() => counted('viewers')).toEqual([String(MAX_VIEWERS - 1)]);
  expect((await open('/v1/lines')).statusCode).toBe(200);
});

test('a viewer that reads nothing loses lines, takes no memory, and makes room after a while', async () => {
  const { route, writers, ended } = lineRoute();
  const { open, env, counted } = await start([route]);
  await open('/v1/lines');
  const write = await vi.waitUntil(() => writers[0], PATIENT);
  const line = { text: 'x'.repeat(1000) };
  // More than any socket buffers.
  let written = 0;
  for (let i = 0; i < 20_000 && write(line); i++) written++;
  expect(written).toBeLessThan(20_000);
  expect(await counted('dropped_lines')).toEqual(['1']);
  env.clock.advance(29_999);
  write(line);
  expect(ended()).toBe(0);
  env.clock.advance(1);
  write(line);
  await vi.waitUntil(() => ended() === 1, PATIENT);
  expect(await counted('dropped_lines')).toEqual(['3']);
});

test('a client that does not read its response is closed after a while', async () => {
  const { path, env, counted } = await start([
    { method: 'GET', path: '/v1/much', respond: () => ({ json: 'x'.repeat(8_000_000) }) },
  ]);
  const socket = await connected(path);
  socket.pause();
  socket.write('GET /v1/much HTTP/1.1\r\nHost: x\r\n\r\n');
  await vi.waitUntil(() => env.clock.timers > 0, PATIENT);
  env.clock.advance(29_999);
  expect(await counted('connections')).toEqual(['1']);
  env.clock.advance(1);
  await expect.poll(() => counted('connections')).toEqual(['0']);
  expect(env.clock.timers).toBe(0);
});

test('requests that come too fast wait for their turn, and those of clients that leave take none', async () => {
  const { path, env, get, counted } = await start([{ method: 'GET', path: '/v1/x', respond: () => ({ json: 1 }) }]);
  for (let i = 0; i < MAX_BURST; i++) expect((await get('/v1/x')).status).toBe(200);
  expect(await counted('delayed_requests')).toEqual(['0']);
  const leaving = [await connected(path), await connected(path)];
  for (const [i, socket] of leaving.entries()) {
    socket.write('GET /v1/x HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => counted('delayed_requests')).toEqual([String(i + 1)]);
  }
  const answered: number[] = [];
  const later = [1, 2].map((n) => get('/v1/x').then(() => answered.push(n)));
  await expect.poll(() => counted('delayed_requests')).toEqual(['4']);
  for (const socket of leaving) socket.destroy();
  await expect.poll(() => counted('connections')).toEqual(['2']);
  env.clock.advance(10);
  await expect.poll(() => answered.length).toBe(1);
  env.clock.advance(9);
  expect(answered).toHaveLength(1);
  env.clock.advance(1);
  await Promise.all(later);
  env.clock.advance(10_000);
  await vi.waitUntil(() => env.clock.timers === 0, PATIENT);
});

test('connections have a bound: one more is told so, and twice as many are closed', async () => {
  const { path, get, counted } = await start([]);
  const sockets = [];
  for (let i = 0; i < MAX_CONNECTIONS; i++) sockets.push(await connected(path));
  await expect.poll(() => counted('connections')).toEqual([String(MAX_CONNECTIONS)]);
  const refused = await get('/v1/status');
  expect(refused).toMatchObject({
    status: 503,
    headers: { connection: 'close' },
    json: { error: /too many connections/ },
  });
  for (let i = 0; i < MAX_CONNECTIONS; i++) sockets.push(await connected(path));
  const last = await connected(path);
  await once(last.resume(), 'close');
  expect(await counted('refused_connections')).toEqual([String(MAX_CONNECTIONS + 2)]);
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => counted('connections')).toEqual(['0']);
  expect((await get('/v1/status')).status).toBe(404);
});

test('a connection that the system cannot hand over ends nothing', async () => {
  const { server, get, counted } = await start([]);
  const [http] = Reflect.get(server, 'servers') as readonly Server[];
  http!.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  expect((await get('/')).status).toBe(200);
  expect(await counted('refused_connections')).toEqual(['1']);
});

test('a request with a head that is too large is refused', async () => {
  const { get } = await start([]);
  expect((await get('/', { headers: { x: 'a'.repeat(9000) } })).status).toBe(431);
  expect((await get('/')).status).toBe(200);
});

test('a connection that sends requests without waiting for responses is closed', async () => {
  let asked = 0;
  const never: Route = {
    method: 'GET',
    path: '/v1/never',
    respond() {
      asked++;
      return new Promise(() => {});
    },
  };
  const { path, get, server } = await start([never]);
  const socket = await connected(path);
  const request = 'GET /v1/never HTTP/1.1\r\nHost: localhost\r\n\r\n';
  socket.write(request.repeat(8));
  await vi.waitUntil(() => asked === 8, PATIENT);
  socket.write(request.repeat(1000));
  await once(socket.resume(), 'close');
  expect(asked).toBe(8);
  await vi.waitUntil(() => Reflect.get(server, 'exchanges').size === 0, PATIENT);
  expect((await get('/')).status).toBe(200);
});

test('the end does not wait for viewers, for idle connections, or for what caused it', async () => {
  const { route, ended } = lineRoute();
  const [begun, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const reload: Route = {
    method: 'POST',
    path: '/v1/reload',
    mayEnd: true,
    async respond() {
      begun.resolve();
      await over.promise;
      return { json: { result: 'reloaded' } };
    },
  };
  const { server, open, post, path, env } = await start([route, reload]);
  const viewer = await open('/v1/lines');
  await connected(path);
  const reloading = post('/v1/reload', {});
  await begun.promise;
  const closed = once(viewer.resume(), 'end');
  // The clock stands still: nothing waits for it.
  await server.stop();
  await closed;
  expect(ended()).toBe(1);
  over.resolve();
  expect(await reloading).toMatchObject({ status: 200, json: { result: 'reloaded' } });
  expect(env.clock.timers).toBe(0);
});

test('the end waits a moment for other requests, and no longer', async () => {
  const begun = Promise.withResolvers<void>();
  const never: Route = {
    method: 'GET',
    path: '/v1/never',
    respond() {
      begun.resolve();
      return new Promise(() => {});
    },
  };
  const { server, get, env } = await start([never]);
  const asked = get('/v1/never').catch(() => 'cut off');
  await begun.promise;
  const stopped = server.stop();
  expect(env.clock.nextDueMs).toBe(1000);
  env.clock.advance(1000);
  await stopped;
  expect(await asked).toBe('cut off');
});

test('what a route throws is logged and told, and not more', async () => {
  const routes: Route[] = [
    {
      method: 'GET',
      path: '/v1/broken',
      respond() {
        throw new TypeError('it broke\x1b[31m');
      },
    },
  ];
  const { get, env, counted } = await start(routes);
  expect(await get('/v1/broken')).toMatchObject({ status: 500, json: { error: 'it broke\x1b[31m' } });
  expect((await get('/v1/broken')).text).toContain('it broke\\u001b[31m');
  expect(env.lines.at(-1)).toBe('[ERROR] plugin/admin: GET /v1/broken: it broke\\u001b[31m');
  expect(await counted('responses')).toEqual(['2']);
});

test('a reload keeps the interface and the count of its viewers, which a new address shares', async () => {
  const [keeper, kept] = [new Keeper(), new Map<string, Kept>()];
  const load = async (body: string) => {
    const claims = keeper.begin();
    const keep = <T extends Kept>(key: string, make: () => T): T => {
      const value = claims.keep(key, make);
      kept.set(`${body} ${key}`, value);
      return value;
    };
    admin.create(parsePlugin(admin, body), { ...testEnv({ name: 'admin' }), keep });
    await claims.commit();
  };
  for (const body of ['admin ./a', 'admin ./a', 'admin ./b']) await load(body);
  expect(kept.get('admin ./b viewers')).toBe(kept.get('admin ./a viewers'));
  expect(kept.get('admin ./b open')).toBe(kept.get('admin ./a open'));
  expect(kept.size).toBe(6);
});
