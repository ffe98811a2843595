import { once } from 'node:events';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { allAddresses } from '../../src/net/addresses.ts';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import { plugins } from '../../src/plugins.ts';
import { corefileSource } from '../../src/server/configuration/corefile-source.ts';
import { Server } from '../../src/server/server.ts';
import { adminAt, adminUrl, startWithAdmin } from '../support/admin.ts';
import { ask } from '../support/ask.ts';
import { fakeClock } from '../support/clock.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer } from '../support/server.ts';
import { refusedPort } from '../support/upstream.ts';

const FULL = 'full-token-of-32-characters-0123';
const READER = 'read-token-of-32-characters-0123';
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const DRAIN = { draining: true };

/** An interface on a loopback address and a free port. */
async function startOnLoopback(options = '', folder = folderWith({}), host = '127.0.0.1') {
  const text = `. {\nroot ${folder}\nadmin ${host}:0 {\n${options}\n}\nwhoami\n}\n`;
  const started = await startServer(text);
  const url = await adminUrl(started);
  return Object.assign(Object.create(started) as typeof started, adminAt(url), { url, folder });
}

describe('on a loopback address without a token', () => {
  test('everybody may read, and nobody may change', async () => {
    const { get, post, port } = await startOnLoopback();
    expect(await get('/v1/status')).toMatchObject({ status: 200, json: { draining: false } });
    expect(await post('/v1/drain', DRAIN)).toMatchObject({
      status: 403,
      json: { error: /name a file with 'token FILE' in the block of 'admin', or let it listen on a Unix socket/ },
    });
    expect(await get('/v1/status')).toMatchObject({ json: { draining: false } });
    expect((await ask(port, 'example.org', 'A')).rcode).toBe('NOERROR');
  });

  test.each<[what: string, headers: Record<string, string>, status: number]>([
    ['no more than it must have', {}, 200],
    ['a name of this machine', { host: 'localhost:1' }, 200],
    ['an address of this machine', { host: '127.0.0.2' }, 200],
    ['the same for IPv6', { host: '[::1]:9154' }, 200],
    ['a name that was rebound to this machine', { host: 'evil.example:9154' }, 403],
    ['an address of the network', { host: '192.0.2.1' }, 403],
    ['the own origin', { host: 'localhost:9154', origin: 'http://localhost:9154' }, 200],
    ['the own origin behind a proxy with TLS', { host: 'localhost', origin: 'https://localhost' }, 200],
    ['the origin of another port', { host: 'localhost:9154', origin: 'http://localhost:8080' }, 403],
    ['the origin of another page', { origin: 'https://evil.example' }, 403],
    ['an origin that hides', { origin: 'null' }, 403],
    ['a request of the page itself', { 'sec-fetch-site': 'same-origin' }, 200],
    ['an address that was typed', { 'sec-fetch-site': 'none' }, 200],
    ['an image in another page', { 'sec-fetch-site': 'cross-site' }, 403],
  ])('a request with %s', async (_, headers, status) => {
    const { get } = await startOnLoopback();
    expect((await get('/v1/status', { headers })).status).toBe(status);
  });

  test('the name localhost is both families', async () => {
    const { url } = await startOnLoopback('', folderWith({}), 'localhost');
    const { port } = new URL(url);
    expect(url).toBe(`http://localhost:${port}/`);
    const hosts = allAddresses().includes('::1') ? ['127.0.0.1', '[::1]'] : ['127.0.0.1'];
    for (const host of hosts) expect((await adminAt(`http://${host}:${port}`).get('/v1/status')).status).toBe(200);
  });

  test('its page and the description of the API are for everybody, with headers that keep other pages away', async () => {
    const { get, ask } = await startOnLoopback();
    const page = await get('/', { headers: { host: 'evil.example' } });
    expect(page.text).toMatch(/^<!doctype html>/i);
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    expect(page.headers).not.toHaveProperty('access-control-allow-origin');
    expect(await ask('HEAD', '/')).toMatchObject({ status: 200, text: '' });
    expect((await get('/v1/status')).headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
    for (const path of [
      '/index.ts',
      '/../index.ts',
      '/page/index.html',
      '/%2e%2e/index.ts',
      '/nothing.js',
      '/a/b.js',
    ]) {
      expect((await get(path)).status, path).toBe(404);
    }
  });
});

describe('with tokens', () => {
  const start = (options = 'token full\nread_token reader') =>
    startOnLoopback(options, folderWith({ full: `${FULL}\n`, reader: READER }));

  test.each<[what: string, options: string, given: string | undefined, read: number, change: number]>([
    ['no token', 'token full', undefined, 401, 401],
    ['a wrong token', 'token full', `${FULL}x`, 401, 401],
    ['the token', 'token full', FULL, 200, 200],
    ['the token beside one for reading', 'token full\nread_token reader', FULL, 200, 200],
    ['the token for reading', 'token full\nread_token reader', READER, 200, 403],
    ['the token for reading alone', 'read_token reader', READER, 200, 403],
    ['a token of another file', 'read_token reader', FULL, 401, 401],
  ])('%s with %j', async (_, options, given, read, change) => {
    const { get, post, lines } = await start(options);
    const asked = given === undefined ? {} : bearer(given);
    expect((await get('/v1/status', asked)).status).toBe(read);
    expect((await post('/v1/drain', DRAIN, asked)).status).toBe(change);
    expect(lines.join('\n')).not.toMatch(/-token-of-32/);
  });

  test('any name of the server will do, and no other page', async () => {
    const { get } = await start();
    const { headers } = bearer(FULL);
    expect((await get('/v1/status', { headers: { ...headers, host: 'dns.example' } })).status).toBe(200);
    expect((await get('/v1/status', { headers: { ...headers, origin: 'http://evil.example' } })).status).toBe(403);
    expect((await get('/v1/status')).headers['www-authenticate']).toBe('Bearer realm="cairn"');
  });

  test('a new token counts from the next request on; a file that cannot be used lets nobody in', async () => {
    const { get, folder, lines } = await start('token full');
    const file = join(folder, 'full');
    const status = async (token: string) => (await get('/v1/status', bearer(token))).status;
    writeFileSync(file, READER);
    expect([await status(FULL), await status(READER)]).toEqual([401, 200]);
    for (const content of ['', '   \n', 'short', 'two words that are long enough', 'x'.repeat(5000)]) {
      writeFileSync(file, content);
      expect(await status(content.trim() || FULL), content).toBe(content.includes(' ') && content.trim() ? 401 : 503);
    }
    rmSync(file);
    expect(await status('')).toBe(401);
    expect(await status(READER)).toBe(503);
    expect(await status(READER)).toBe(503);
    const told = lines.filter((line) => line.includes('requests with a token are refused'));
    expect(told.at(-1)).toMatch(/^\[WARNING\] plugin\/admin: .*ENOENT/);
    expect(new Set(told).size).toBe(told.length);
    writeFileSync(file, FULL);
    expect(await status(FULL)).toBe(200);
  });

  test.each([
    ['missing', undefined, /^Corefile:3:7 - .*plugin\/admin: ENOENT/],
    ['empty', '', /^Corefile:3:7 - .*holds no token that is good enough - expecting one line of 16 ASCII characters/],
    ['too short', 'a'.repeat(15), /holds no token that is good enough/],
    ['too large', 'a'.repeat(5000), /has 5000 octets, expecting at most 4096/],
  ])('at the start, and for cairn check, a file that is %s is an error', async (_, content, message) => {
    const folder = folderWith(content === undefined ? {} : { full: content });
    const text = `. {\nadmin 127.0.0.1:0 {\ntoken ${folder}/full\n}\nwhoami\n}\n`;
    await expect(startServer(text)).rejects.toThrow(message);
  });
});

describe('on a Unix socket', () => {
  test('everybody who may open the file may read and change; the end removes it', async () => {
    const { get, post, socket, server, lines } = await startWithAdmin('whoami');
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect((await get('/v1/status', { headers: { host: 'anything' } })).status).toBe(200);
    expect(await post('/v1/drain', DRAIN)).toMatchObject({ status: 200, json: {} });
    expect(lines.at(-1)).toBe('[INFO] plugin/admin: unix socket: POST /v1/drain {"draining":true}');
    await server.shutdown();
    expect(statSync(socket, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('tokens are asked for if there are some', async () => {
    const { socket } = { socket: `${folderWith({})}/s` };
    const folder = folderWith({ full: FULL });
    await startServer(`. {\nroot ${folder}\nadmin ${socket} {\ntoken full\n}\nwhoami\n}\n`);
    const { get, post } = adminAt(socket);
    expect((await get('/v1/status')).status).toBe(401);
    expect((await post('/v1/drain', DRAIN, bearer(FULL))).status).toBe(200);
  });
});

describe('an address that another program has', () => {
  test.each(['unix', 'tcp'])('is tried again until it is free, and DNS is served meanwhile (%s)', async (kind) => {
    const other = createServer();
    onTestFinished(() => void other.close());
    const socket = `${folderWith({})}/s`;
    other.listen(kind === 'unix' ? { path: socket } : { port: 0, host: '127.0.0.1' });
    await once(other, 'listening');
    const bound = other.address();
    const address = typeof bound === 'string' ? bound : `127.0.0.1:${bound!.port}`;
    const clock = fakeClock();
    const started = await startServer(`. {\nadmin ${address}\nwhoami\n}\n`, { clock });
    const told = () => started.lines.filter((line) => line.includes('admin interface'));
    expect(told()).toEqual([
      expect.stringMatching(
        /^\[ERROR\] plugin\/admin: no admin interface at \S+ yet, and it is tried again each second: cannot listen on /,
      ),
    ]);
    expect((await ask(started.port, 'example.org', 'A')).rcode).toBe('NOERROR');
    clock.advance(3000);
    other.close();
    await once(other, 'close');
    const free = () => {
      clock.advance(1000);
      return told().length > 1;
    };
    await vi.waitUntil(free, PATIENT);
    expect(told()).toHaveLength(2);
    expect((await adminAt(await adminUrl(started)).get('/v1/status')).status).toBe(200);
  });
});

describe('several server blocks', () => {
  const two = (first: string, second: string) => `a {\n${first}\nwhoami\n}\nb {\n${second}\nwhoami\n}\n`;

  test('may name one address, and several addresses', async () => {
    const folder = folderWith({ full: FULL });
    const first = `admin ${folder}/s`;
    const { lines } = await startServer(two(first, first));
    expect(lines.filter((line) => line.includes('admin interface'))).toHaveLength(1);
    const other = await startServer(two(`admin ${folder}/t`, `admin ${folder}/u {\ntoken ${folder}/full\n}`));
    expect(other.lines.filter((line) => line.includes('admin interface is at'))).toHaveLength(2);
    expect((await adminAt(`${folder}/t`).get('/v1/status')).status).toBe(200);
    expect((await adminAt(`${folder}/u`).get('/v1/status')).status).toBe(401);
  });

  test.each([
    ['admin 127.0.0.1:9', 'admin 127.0.0.1:9 {\ntoken TOKEN\n}'],
    ['admin 127.0.0.1:9 {\nread_token TOKEN\n}', 'admin 127.0.0.1:9 {\ntoken TOKEN\n}'],
    ['admin localhost:9', 'admin 127.0.0.1:9'],
    ['admin 127.0.0.1:9 {\ntoken TOKEN\n}', 'admin :9 {\ntoken TOKEN\n}'],
    ['admin TOKEN.sock', 'admin TOKEN.sock {\ntoken TOKEN\n}'],
  ])('%j and %j is an error', async (first, second) => {
    const token = join(folderWith({ full: FULL }), 'full');
    const text = two(first, second).replaceAll('TOKEN', token);
    const at = text.split('\n').lastIndexOf(second.split('\n')[0]!.replaceAll('TOKEN', token)) + 1;
    const message = new RegExp(
      `^Corefile:${at}:1 - .*plugin/admin: 'admin \\S+' at Corefile:2:1 has the same port and other options`,
    );
    await expect(startServer(text)).rejects.toThrow(message);
  });
});

test('two blocks that reach one socket by different paths must say the same of it', async () => {
  const folder = folderWith({ full: FULL });
  const second = `root ${folder}\nadmin ./s`;
  const text = `a {\nadmin ${folder}/s {\ntoken ${folder}/full\n}\nwhoami\n}\nb {\n${second}\nwhoami\n}\n`;
  await expect(startServer(text)).rejects.toThrow(/^Corefile:9:1 - .* has the same port and other options/);
  const elsewhere = `a {\nroot ${folder}\nadmin ./s\nwhoami\n}\nb {\nroot ${folderWith({})}\nadmin ./s\nwhoami\n}\n`;
  const { lines } = await startServer(elsewhere);
  expect(lines.filter((line) => line.includes('admin interface is at'))).toHaveLength(2);
});

describe('a reload', () => {
  test('to another address of the same port lets go of the first one before it opens the second', async () => {
    const port = await refusedPort();
    const text = (host: string) => `. {\nadmin ${host}:${port}\nwhoami\n}\n`;
    const { server, rewrite, lines } = await startServer(text('localhost'));
    for (const host of ['127.0.0.1', 'localhost', '127.0.0.1']) {
      const viewer = await adminAt(`http://127.0.0.1:${port}/`).open('/v1/tail');
      const ended = once(viewer.resume(), 'close');
      rewrite(text(host));
      expect(await server.reload()).toBe('reloaded');
      await ended;
      expect((await adminAt(`http://127.0.0.1:${port}/`).get('/v1/status')).json).toMatchObject({ viewers: 0 });
    }
    expect(lines.filter((line) => line.startsWith('[ERROR]'))).toEqual([]);
    expect(lines.filter((line) => line.includes('the admin interface is at'))).toHaveLength(4);
  });

  test('leaves the interface open, and its options follow only what is served', async () => {
    const folder = folderWith({ full: FULL });
    const text = (options: string, rest = 'whoami') => `. {\nroot ${folder}\nadmin ./s {\n${options}\n}\n${rest}\n}\n`;
    const { server, rewrite } = await startServer(text(''));
    const { get } = adminAt(`${folder}/s`);
    const inode = () => statSync(`${folder}/s`).ino;
    const before = inode();
    rewrite(text('token full', 'forward . /nothing/here'));
    expect(await server.reload()).toBe('failed');
    expect((await get('/v1/status')).status).toBe(200);
    rewrite(text('token full'));
    expect(await server.reload()).toBe('reloaded');
    expect((await get('/v1/status')).status).toBe(401);
    expect((await get('/v1/status', bearer(FULL))).status).toBe(200);
    expect(inode()).toBe(before);
  });

  test('over the interface says what became of it', async () => {
    const { post, rewrite, lines } = await startWithAdmin('. {\nADMIN\nwhoami\n}\n');
    expect(await post('/v1/reload', {})).toMatchObject({ status: 200, json: { result: 'unchanged' } });
    rewrite('. {\nADMIN\nwhoami\nlog\n}\n');
    expect(await post('/v1/reload', {})).toMatchObject({ status: 200, json: { result: 'reloaded' } });
    rewrite('. {\nADMIN\nwhoami\nlock\n}\n');
    const failed = { result: 'failed', error: /^Corefile:4:1 - .*Unknown directive 'lock'/ };
    expect(await post('/v1/reload', {})).toMatchObject({ status: 200, json: failed });
    expect(await post('/v1/reload', {})).toMatchObject({ status: 200, json: failed });
    rewrite('. {\nADMIN\nwhoami\nlog\n}\n');
    expect(await post('/v1/reload', {})).toMatchObject({ status: 200, json: { result: 'unchanged' } });
    expect(lines.filter((line) => line.endsWith('unix socket: POST /v1/reload {}'))).toHaveLength(5);
  });

  test('over the interface that takes it away is answered', async () => {
    const { post, rewrite, socket, server } = await startWithAdmin('. {\nADMIN\nwhoami\n}\n');
    rewrite('. {\nwhoami\n}\n');
    expect(await post('/v1/reload', {})).toMatchObject({ status: 200, json: { result: 'reloaded' } });
    expect(statSync(socket, { throwIfNoEntry: false })).toBeUndefined();
    await server.shutdown();
  });
});

describe('what is changed', () => {
  test('drain: /ready says so until it is taken back, and DNS is answered', async () => {
    const { post, get, server, port } = await startWithAdmin('ready 127.0.0.1:0\nprometheus 127.0.0.1:0\nwhoami');
    const page = async (address: string, path: string) => {
      const response = await fetch(`http://127.0.0.1:${server.pagePort(address)}${path}`);
      return `${response.status} ${await response.text()}`;
    };
    // Both pages are at one address.
    const ready = () => page('127.0.0.1:0', '/ready');
    expect(await ready()).toBe('200 OK');
    expect((await post('/v1/drain', DRAIN)).status).toBe(200);
    expect(await ready()).toBe('503 Draining');
    expect((await get('/v1/status')).json).toMatchObject({ draining: true });
    expect(await page('127.0.0.1:0', '/metrics')).toMatch(/^cairn_draining 1$/m);
    expect((await ask(port, 'example.org', 'A')).rcode).toBe('NOERROR');
    await post('/v1/drain', { draining: false });
    expect(await ready()).toBe('200 OK');
  });

  test('log level: for good and for some time, told before it hides what tells it', async () => {
    const clock = fakeClock();
    const { post, get, port, lines } = await startWithAdmin('log\nwhoami', { clock });
    const query = async () => {
      const before = lines.length;
      await ask(port, 'example.org', 'A');
      return lines.slice(before).some((line) => line.includes('"A IN example.org.'));
    };
    expect(await query()).toBe(true);
    await post('/v1/log-level', { level: 'error', seconds: 60 });
    expect(lines.at(-1)).toBe('[INFO] plugin/admin: unix socket: POST /v1/log-level {"level":"error","seconds":60}');
    expect(await query()).toBe(false);
    expect((await get('/v1/status')).json).toMatchObject({ logLevel: 'error' });
    clock.advance(60_000);
    expect(lines.at(-1)).toBe('[INFO] the log level is info again');
    expect(await query()).toBe(true);
    await post('/v1/log-level', { level: 'warning' });
    expect(await query()).toBe(false);
    await post('/v1/log-level', { level: 'debug', seconds: 5 });
    expect(lines.at(-1)).toBe('[INFO] plugin/admin: unix socket: POST /v1/log-level {"level":"debug","seconds":5}');
    await post('/v1/log-level', { level: 'info', seconds: 10 });
    clock.advance(9999);
    expect(await query()).toBe(true);
    clock.advance(1);
    expect(await query()).toBe(false);
    expect(lines.at(-1)).toBe('[INFO] the log level is warning again');
    clock.advance(100_000);
    expect((await get('/v1/status')).json).toMatchObject({ logLevel: 'warning' });
  });

  const isBatched = loadMachinery().then((machinery) => machinery !== undefined);
  test('log level: worker threads do not keep queries from the log', async ({ skip }) => {
    if (!(await isBatched)) skip();
    const { post, port, lines } = await startWithAdmin('multisocket 2\nlog\nhosts /dev/null {\n192.0.2.1 a\n}', {
      logLevel: 'warning',
    });
    // Each worker has the response after a while.
    const queries = async () => {
      for (let i = 0; i < 64; i++) await ask(port, 'a', 'A');
    };
    await queries();
    await post('/v1/log-level', { level: 'info' });
    await queries();
    await expect.poll(() => lines.filter((line) => line.includes('"A IN a.')).length).toBe(64);
  });

  test.each<[path: string, body: unknown, error: RegExp]>([
    ['/v1/log-level', { level: 'loud' }, /'level' must be one of debug, info, warning, error/],
    ['/v1/log-level', { level: 'info', seconds: 0 }, /'seconds' must be a whole number from 1 to 86400/],
    ['/v1/log-level', { level: 'info', seconds: '5' }, /'seconds' must be/],
    ['/v1/log-level', { level: 'info', second: 5 }, /the body has no field 'second', only level, seconds/],
    ['/v1/log-level', undefined, /the body must be a JSON object such as \{"level": …, "seconds": …\}/],
    ['/v1/drain', [], /the body must be a JSON object/],
    ['/v1/drain', null, /the body must be a JSON object/],
    ['/v1/drain', { draining: 'yes' }, /'draining' must be true or false/],
    ['/v1/drain', '{"draining"', /the body is not JSON/],
    ['/v1/reload', { force: true }, /the body has no field 'force'/],
  ])('%s refuses %j', async (path, body, error) => {
    const { ask, lines } = await startWithAdmin('whoami');
    const headers = { 'content-type': 'application/json' };
    expect(await ask('POST', path, { body, headers })).toMatchObject({ status: 400, json: { error } });
    expect(lines.filter((line) => line.includes('POST'))).toEqual([]);
  });

  test.each<[what: string, method: string, path: string, asked: object, status: number, error: RegExp]>([
    [
      'no type',
      'POST',
      '/v1/drain',
      { headers: { 'content-type': 'text/plain' }, body: '{}' },
      415,
      /send 'Content-Type: application\/json'/,
    ],
    ['a large body', 'POST', '/v1/drain', { body: `{"a":"${'x'.repeat(17_000)}"}` }, 413, /more than 16384 octets/],
    ['another method', 'PUT', '/v1/drain', { body: {} }, 405, /\/v1\/drain takes POST, not PUT/],
    ['a GET', 'GET', '/v1/drain', {}, 405, /takes POST, not GET/],
    ['an unknown path', 'GET', '/v1/nothing', {}, 404, /there is nothing at \/v1\/nothing/],
    ['a strange target', 'GET', '//evil.example/v1/nothing', {}, 404, /there is nothing at \/evil.example/],
  ])('a request with %s', async (_, method, path, asked, status, error) => {
    const { ask } = await startWithAdmin('whoami');
    expect(await ask(method, path, asked)).toMatchObject({ status, json: { error } });
  });
});

test('the Corefile is shown as it is understood, without secrets', async () => {
  const folder = folderWith({ 'part.conf': 'whoami\n' });
  const text = `(s) {\n errors # all\n}\n{$ZONE} {\nADMIN\nimport ${folder}/part.conf\nimport s\ntrace otlp https://otel.example/v1/traces?key={$OTEL_TOKEN}\n}\n`;
  const env = { ZONE: 'example.org', OTEL_TOKEN: 'hunter2' };
  const { get, socket } = await startWithAdmin(text, { env });
  const { json } = await get('/v1/corefile');
  const shown = `example.org {\n    admin ${socket}\n    whoami\n    errors\n    trace otlp https://otel.example/v1/traces?(hidden)\n}\n`;
  expect(json).toEqual({ hash: expect.stringMatching(/^[0-9a-f]{128}$/), text: shown });
});

test('a server that is in-process opens nothing', async () => {
  const socket = `${folderWith({})}/s`;
  const source = corefileSource({ file: 'Corefile', text: `. {\nadmin ${socket}\nwhoami\n}\n`, plugins, dnsPort: 53 });
  const server = new Server({ source, inProcess: true, sink: () => {} });
  await server.start();
  expect(statSync(socket, { throwIfNoEntry: false })).toBeUndefined();
  await server.shutdown();
});
