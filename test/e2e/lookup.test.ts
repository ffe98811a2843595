import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { apiNamespace, apiService } from '../support/api-objects.ts';
import { startApiServer } from '../support/api-server/index.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { run } from '../support/tools.ts';

const MAIN = join(resolve(import.meta.dirname, '../..'), 'src/cli/main.ts');
const SERVICE =
  '{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web}, spec: {clusterIP: 10.96.0.20, ports: [{port: 80}]}}';
const FILES = { 'web.yaml': SERVICE, Corefile: '. {\nkubernetes cluster.local {\nmanifests web.yaml\n}\n}\n' };

const lookup = (...args: string[]) => run(process.execPath, [MAIN, 'lookup', ...args], { cwd: folderWith(FILES) });

test.each([
  [['web', '-n', 'shop'], 0, /^10\.96\.0\.20\n$/],
  [['wbe', '-n', 'shop', '--trace'], 1, /namespace shop has no service wbe; did you mean web\?/],
  [
    ['web', '--libc', 'newlib'],
    2,
    /^cairn lookup: --libc cannot be "newlib"\n {2}expecting one of glibc, .*\n {2}see cairn lookup --help\n$/,
  ],
  [['--help'], 0, /^Usage: cairn lookup NAME \[TYPE\] \[flags\]\n/],
])('%j ends with status %i', async (args, status, printed) => {
  const { stdout, stderr, code } = await lookup(...args);
  expect(stdout + stderr).toMatch(printed);
  expect(code).toBe(status);
});

test('with --json, each query has the plugins that it passed', async () => {
  const { stdout } = await lookup('web', 'A', '-n', 'shop', '--json');
  const [query] = (JSON.parse(stdout) as { queries: readonly { steps: readonly object[] }[] }).queries;
  expect(query!.steps).toMatchObject([
    { plugin: 'kubernetes', did: 'answered', note: 'service shop/web: cluster IP 10.96.0.20' },
  ]);
});

test('a running cluster is read once, without a Corefile', async () => {
  const objects = [apiNamespace('shop'), apiService('shop/web', '10.96.12.34')];
  const api = await startApiServer({ objects, tokens: ['secret'] });
  onTestFinished(() => api.close());
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'here' },
    clusters: [{ name: 'here', cluster: { server: api.url } }],
    users: [{ name: 'me', user: { token: 'secret' } }],
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'me' } }],
  };
  const cwd = folderWith({ config: JSON.stringify(config) });
  const ask = (...args: string[]) =>
    run(process.execPath, [MAIN, 'lookup', ...args, '--kubeconfig', 'config'], { cwd });
  expect(await ask('web', '-n', 'shop')).toEqual({ stdout: '10.96.12.34\n', stderr: '', code: 0 });
  expect(await ask('shop/web')).toEqual({ stdout: '10.96.12.34\n', stderr: '', code: 0 });
  expect((await ask('10.96.12.34')).stdout).toBe('web.shop.svc.cluster.local.\n');
  expect((await ask('shop/web', '--context', 'there')).stderr).toMatch(/^kubeconfig .*there/);
});

test('a cluster that cannot be reached, or refuses the token, is an error at once', async () => {
  const api = await startApiServer({ objects: [], tokens: ['secret'] });
  onTestFinished(() => api.close());
  const ask = (server: string, ...args: string[]) => {
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'here' },
      clusters: [{ name: 'here', cluster: { server } }],
      users: [{ name: 'me', user: { token: 'old' } }],
      contexts: [{ name: 'here', context: { cluster: 'here', user: 'me' } }],
    };
    const cwd = folderWith({ config: JSON.stringify(config) });
    return run(process.execPath, [MAIN, 'lookup', 'web', '--kubeconfig', 'config', ...args], { cwd });
  };
  const nowhere = 'http://127.0.0.1:1';
  expect(await ask(nowhere)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^kubeconfig config: http:.*ECONNREFUSED.*\n$/),
  });
  expect(await ask(api.url)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^kubeconfig config: .*\(401: Unauthorized\)\n$/),
  });
  const silent = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void silent.close());
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  expect(await ask(`http://127.0.0.1:${port}`, '--timeout', '300ms')).toMatchObject({
    ...{ code: 1, stderr: 'kubeconfig config: no response within 300 ms\n' },
  });
});

describe('a server that is silent', () => {
  async function silentServer() {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    onTestFinished(() => void socket.close());
    await once(socket, 'listening');
    return { server: `@127.0.0.1:${socket.address().port}`, asked: once(socket, 'message') };
  }

  test('is named after a second, and Ctrl-C prints what is known', async () => {
    const { server } = await silentServer();
    const child = spawn(process.execPath, [MAIN, 'lookup', 'www.example.org.', 'A', server]);
    let printed = '';
    child.stderr.on('data', (chunk) => (printed += chunk));
    await vi.waitFor(() => expect(printed).toContain('has not responded for 1 s; waiting'), PATIENT);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
    const peer = server.slice(1);
    expect(printed).toBe(
      `cairn lookup: ${peer} has not responded for 1 s; waiting
cairn lookup: www.example.org.: interrupted; so far:
  www.example.org.  A     no response from ${peer}
`,
    );
  });

  test('is waited for as long as --timeout says', async () => {
    const { server } = await silentServer();
    const { stderr, code } = await lookup('www.example.org.', 'A', server, '--timeout', '300ms');
    expect(stderr).toContain('cairn lookup: www.example.org.: no result within 300 ms; so far:\n');
    expect(code).toBe(1);
    const { stdout } = await lookup('www.example.org.', 'A', server, '--timeout', '300ms', '--json');
    expect(JSON.parse(stdout)).toEqual({
      ...{ name: 'www.example.org.', result: { ok: false, why: 'no result within 300 ms' } },
      queries: [{ name: 'www.example.org.', type: 'A', server: server.slice(1), response: null }],
    });
  });
});

test('a trace has colours where FORCE_COLOR says so, and control characters of a server never rule the terminal', async () => {
  const zone =
    '. {\nhosts /dev/null {\n192.0.2.7 www.example.com\n}\ntemplate ANY TXT {\nanswer "{{ .Name }} 1 IN TXT \\"a\u001b[31mb\\""\n}\n}\n';
  const cwd = folderWith({ Corefile: zone });
  const args = ['FORCE_COLOR=1', process.execPath, MAIN, 'lookup', '--trace', '--corefile', 'Corefile'];
  const found = await run('env', [...args, 'www.example.com.', 'A'], { cwd });
  expect(found.stdout).toContain('\u001b[32m192.0.2.7');
  const text = await run('env', [...args, 'text.example.com.', 'TXT'], { cwd });
  expect(text.stdout).toMatch(/a\\+027\[31mb/);
  const piped = await run('env', [...args.slice(1), 'text.example.com.', 'TXT'], { cwd });
  expect(piped.stdout + piped.stderr).not.toContain('\u001b');
});
