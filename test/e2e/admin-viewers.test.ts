import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { encode } from 'dns-packet';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { TailQuery, TopLists } from '../../src/admin/protocol/index.ts';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import type { Server } from '../../src/server/server.ts';
import { startWithAdmin } from '../support/admin.ts';
import { exchangeTcp, exchangeUdp, questionPacket } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

const OBJECTS = `
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop}
status: {phase: Running, podIP: 127.0.0.7}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: prod}
spec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}
`;

/** A server for a cluster, but for no other names. */
const corefile = (more = '') => `cluster.local {
    ADMIN
    ${more}
    kubernetes cluster.local {
      manifests ${folderWith({ 'objects.yaml': OBJECTS })}
      pods verified
    }
  }`;

const DB = 'db.prod.svc.cluster.local';
const query = (name: string) => encode(questionPacket(name, 'A'));

/** The lines of a stream, one at a time. */
function linesOf(response: IncomingMessage): <T>() => Promise<T> {
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  return async () => JSON.parse((await lines.next()).value ?? 'null');
}

test('tail shows queries of every kind as they come, with the namespace of the client, and a reload does not end it', async () => {
  const started = await startWithAdmin(corefile());
  const { server, port } = started;
  const next = linesOf(await started.open('/v1/tail'));
  const line = async () => {
    const { client, name, rcode, plugin, repeated, namespace = '-', protocol, zone = '-' } = await next<TailQuery>();
    return [client, namespace, protocol, name, rcode, plugin, repeated ? 'repeated' : 'made', zone].join(' ');
  };
  for (const how of ['made', 'made', 'repeated']) {
    await exchangeUdp('127.0.0.1', port, query(DB), '127.0.0.7');
    expect(await line()).toBe(`127.0.0.7 shop udp ${DB}. NOERROR kubernetes ${how} cluster.local.`);
  }
  await exchangeTcp('127.0.0.1', port, query('gone.cluster.local'), '127.0.0.8');
  expect(await line()).toBe('127.0.0.8 - tcp gone.cluster.local. NXDOMAIN kubernetes made cluster.local.');
  await exchangeUdp('127.0.0.1', port, query('example.org'), '127.0.0.8');
  expect(await line()).toBe('127.0.0.8 - udp example.org. REFUSED  made -');
  started.rewrite(corefile('template ANY ANY new.cluster.local {\nrcode NXDOMAIN\n}'));
  expect(await server.reload()).toBe('reloaded');
  await exchangeUdp('127.0.0.1', port, query('new.cluster.local'), '127.0.0.7');
  expect(await line()).toBe('127.0.0.7 shop udp new.cluster.local. NXDOMAIN template made cluster.local.');
});

const batched = test.runIf(await loadMachinery());

batched('while somebody looks, no query is answered by a worker thread unseen', async () => {
  const started = await startWithAdmin(corefile('multisocket 2'));
  const { port } = started;
  const askAll = () => Promise.all(Array.from({ length: 16 }, () => exchangeUdp('127.0.0.1', port, query(DB))));
  for (let round = 0; round < 4; round++) await askAll();
  const next = linesOf(await started.open('/v1/tail?count=64'));
  for (let round = 0; round < 4; round++) await askAll();
  for (let i = 0; i < 64; i++) expect(await next()).toMatchObject({ name: `${DB}.`, rcode: 'NOERROR' });
});

test('a viewer that reads loses no line of a burst', async () => {
  const started = await startWithAdmin(corefile());
  const next = linesOf(await started.open('/v1/tail?rate=2000&count=1000'));
  const name = `${'long-'.repeat(12)}.${'name-'.repeat(12)}.${'of-a-query-'.repeat(5)}.cluster.local`;
  const bytes = query(name);
  for (let i = 0; i < 1000; i++) await started.server.answer(bytes);
  for (let i = 0; i < 1000; i++) expect(await next()).toMatchObject({ name: `${name}.` });
});

test('top ends after its time', async () => {
  const started = await startWithAdmin(corefile());
  const lines = (await text(await started.open('/v1/top?seconds=1'))).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ queries: 0, names: [] })]);
});

test('top counts the names that only a search list asked for', async () => {
  const started = await startWithAdmin(corefile());
  const next = linesOf(await started.open('/v1/top?limit=1'));
  for (const name of ['db.prod.shop.svc.cluster.local', DB]) {
    await exchangeUdp('127.0.0.1', started.port, query(name), '127.0.0.7');
  }
  let lists = await next<TopLists>();
  while (lists.queries < 2) lists = await next<TopLists>();
  const { wasted, namespaces, nxdomain, queries } = lists;
  const missing = [{ key: 'db.prod.shop.svc.cluster.local.', count: 1, error: 0 }];
  expect({ wasted, namespaces, nxdomain, queries }).toEqual({
    ...{ wasted: missing, nxdomain: missing, queries: 2 },
    namespaces: [{ key: 'shop', count: 2, error: 0 }],
  });
});

test.each([
  ['/v1/tail?typ=A', "there is no parameter 'typ', expecting some of client, namespace, name"],
  ['/v1/tail?rate=2001', "'rate' cannot be '2001', expecting a whole number from 1 to 2000"],
  ['/v1/top?limit=101', "'limit' cannot be '101', expecting a whole number from 1 to 100"],
  ['/v1/top?name=a', "there is no parameter 'name', expecting some of limit, seconds"],
])('%s is refused', async (path, error) => {
  const started = await startWithAdmin(corefile());
  const { status, json } = await started.get(path);
  expect({ status, json }).toEqual({ status: 400, json: { error: expect.stringContaining(error) } });
});

/** Runs a command against the server, and goes on when it reads lines, or has ended. */
async function runCommand({ metrics }: Server, args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const isViewing = async () => /^cairn_admin_viewers\{.*\} 1$/m.test(await metrics.expose());
  await vi.waitUntil(async () => child.exitCode !== null || (await isViewing()), PATIENT);
  return {
    child,
    printed: () => printed,
    async ended() {
      const [stdout, stderr] = await output;
      return { stdout, stderr, code: child.exitCode };
    },
  };
}

test('cairn tail prints a line for each query, in which nothing that a client sent controls the terminal', async () => {
  const { server, socket, port } = await startWithAdmin(corefile());
  const { ended } = await runCommand(server, ['tail', '--admin', socket, '--count', '2', '--rcode', '!REFUSED']);
  await exchangeUdp('127.0.0.1', port, query('example.org'), '127.0.0.8');
  await exchangeUdp('127.0.0.1', port, query(DB), '127.0.0.7');
  await exchangeUdp('127.0.0.1', port, query('\x1b[31m\r\nforged.cluster.local'), '127.0.0.8');
  const { stdout, stderr, code } = await ended();
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  expect(stdout.replace(/\d\d:\d\d:\d\d/g, '00:00:00').replace(/ +\d+\.\d\d /g, ' 0.00 ')).toBe(
    [
      'UTC      CLIENT          NAMESPACE       TYPE  RCODE    ANS     MS PLUGIN     NAME',
      `00:00:00 127.0.0.7       shop            A     NOERROR    1 0.00 kubernetes ${DB}.`,
      '00:00:00 127.0.0.8       -               A     NXDOMAIN   0 0.00 kubernetes \\027[31m\\013\\010forged.cluster.local.',
      '',
    ].join('\n'),
  );
});

test.each([['tail'], ['top']])('cairn %s ends quietly with Ctrl-C', async (command) => {
  const { server, socket } = await startWithAdmin(corefile());
  const { child, ended } = await runCommand(server, [command, '--admin', socket, '--json']);
  child.kill('SIGINT');
  expect(await ended()).toEqual({ stdout: '', stderr: '', code: 0 });
});

test('cairn tail says why it ended when the server stops, and what is wrong with a filter', async () => {
  const { server, socket } = await startWithAdmin(corefile());
  const wrong = await runCommand(server, ['tail', '--admin', socket, '--type', 'AAAB']);
  expect(await wrong.ended()).toEqual({ stdout: '', stderr: expect.stringContaining('did you mean AAAA?'), code: 1 });
  const { ended } = await runCommand(server, ['tail', '--admin', socket]);
  await server.shutdown();
  const { stderr, code } = await ended();
  expect(code).toBe(1);
  expect(stderr).toMatch(/the server at .* has ended the stream|the connection to .* has ended/);
});

test('cairn top prints who asks most, and for what', async () => {
  const { server, socket, port } = await startWithAdmin(corefile());
  const { child, printed, ended } = await runCommand(server, ['top', '--admin', socket]);
  for (const name of ['db.prod.shop.svc.cluster.local', DB, DB]) {
    await exchangeUdp('127.0.0.1', port, query(name), '127.0.0.7');
  }
  await vi.waitUntil(() => /3 queries in .*\n\n$/s.test(printed()), PATIENT);
  child.kill('SIGINT');
  const { stdout, code } = await ended();
  expect(code).toBe(0);
  expect(
    stdout
      .trimEnd()
      .split(/^3 queries in .* a second$/m)
      .at(-1),
  ).toBe(
    `
rcodes:  NOERROR 2, NXDOMAIN 1
types:   A 3
plugins: kubernetes 3

CLIENTS
      3  127.0.0.7

NAMESPACES
      3  shop

NAMES
      2  db.prod.svc.cluster.local.
      1  db.prod.shop.svc.cluster.local.

NAMES THAT DO NOT EXIST
      1  db.prod.shop.svc.cluster.local.

WASTED QUERIES (NXDOMAIN, ONLY ASKED BECAUSE OF A SEARCH LIST)
      1  db.prod.shop.svc.cluster.local.`,
  );
});
