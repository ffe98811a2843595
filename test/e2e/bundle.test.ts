import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { bundle } from '../../scripts/bundle.ts';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import { canPlayPod } from '../interop/node-dns/pod.ts';
import { adminAt } from '../support/admin.ts';
import { apiNamespace, apiService } from '../support/api-objects.ts';
import { startApiServer } from '../support/api-server/index.ts';
import { ask } from '../support/ask.ts';
import { binaryFor } from '../support/binary.ts';
import { folderWith } from '../support/folder.ts';
import { kubeconfigText } from '../support/kubeconfig.ts';
import { startCollector } from '../support/otlp-collector.ts';
import { PATIENT } from '../support/patience.ts';
import { run } from '../support/tools.ts';
import { refusedPort } from '../support/upstream.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const singleFile = binaryFor(process.arch);
const isBatched = (await loadMachinery()) !== undefined;

let folder: string;
/** The command that is tested. */
let cairn: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-bundle-'));
  await bundle(join(folder, 'bin'));
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the command with this Corefile on a free port; returns the port, and how to get all that it has printed once it has ended. */
async function start(corefile: string, ...args: string[]) {
  const child = spawn(cairn, ['-p', '0', '-conf', '-', ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.end(corefile);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  await vi.waitFor(() => expect(output).toMatch(/^Cairn-/m), PATIENT);
  const end = async () => {
    child.kill();
    const [code] = await once(child, 'exit');
    return `${output}status ${code}`;
  };
  return { port: Number(/^\.:(\d+)/m.exec(output)![1]), end };
}

/** A module that prints the path of each file of the bundle when it is loaded. */
const SHOW_LOADED = `
  import { registerHooks } from 'node:module';
  import { fileURLToPath } from 'node:url';
  registerHooks({
    load(url, context, next) {
      if (url.startsWith('file:') && url.includes('/bin/')) console.log('loaded ' + fileURLToPath(url));
      return next(url, context);
    },
  });
`;

const COMMANDS = [
  { what: 'the bundle', path: 'bin/cairn.js' },
  ...(singleFile ? [{ what: 'the single file', path: singleFile[0] }] : []),
];

describe.each(COMMANDS)('$what', ({ path }) => {
  beforeAll(() => {
    cairn = resolve(folder, path);
  });

  test('the command says its version, and has the licences of the packages that are in it', async () => {
    expect((await run(cairn, ['-version'])).stdout).toMatch(new RegExp(`^Cairn-${version}\n`));
    const file = cairn.endsWith('.js') ? join(folder, 'bin/LICENSES.txt') : `${cairn}-LICENSES.txt`;
    const licenses = readFileSync(file, 'utf8');
    expect(licenses).toMatch(/^dns-packet \d.*?^Copyright.*^-{80}$/ms);
    expect(licenses).toMatch(/^@kubernetes\/client-node \d/m);
    expect(licenses).not.toMatch(new RegExp(`^${name} \\d`, 'm'));
  });

  test.runIf(isBatched)('its worker threads start and answer', async () => {
    const metrics = `127.0.0.1:${await refusedPort()}`;
    const corefile = `. {\nprometheus ${metrics}\nhosts /dev/null {\n192.0.2.1 www.example.org\n}\n}\n`;
    const { port, end } = await start(corefile, '-workers', '2');
    const replies = await Promise.all(Array.from({ length: 32 }, () => ask(port, 'www.example.org', 'A')));
    expect(new Set(replies.flatMap(({ answer }) => answer))).toEqual(new Set(['192.0.2.1']));
    const page = await (await fetch(`http://${metrics}/metrics`)).text();
    expect(page).toMatch(/^cairn_udp_workers\{.*\} 2$/m);
    expect(page).toMatch(/^cairn_udp_worker_deaths_total\{.*\} 0$/m);
    expect(await end()).toMatch(/status 0$/);
  });

  test.runIf(canPlayPod)('its process that opens sockets for programs starts', async () => {
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { clusterIP: '10.96.0.20' } };
    const place = folderWith({ 'web.yaml': JSON.stringify(service) });
    const args = ['run', '--manifests', `${place}/web.yaml`, '--', 'getent', 'ahostsv4', 'web'];
    expect((await run(cairn, args)).stdout).toMatch(/^10\.96\.0\.20 /);
  });

  test('its process for kubeconfigs starts, and the server reads the cluster that it names', async () => {
    const objects = [apiNamespace('shop'), apiService('shop/web', '10.96.12.34')];
    const api = await startApiServer({ objects, tokens: ['secret'] });
    onTestFinished(() => api.close());
    const kubeconfig = folderWith({ config: kubeconfigText(api.url, 'secret') });
    const { port, end } = await start(`. {\nkubernetes cluster.local {\nkubeconfig ${kubeconfig}/config\n}\n}\n`);
    expect((await ask(port, 'web.shop.svc.cluster.local', 'A')).answer).toEqual(['10.96.12.34']);
    expect(await end()).toMatch(/status 0$/);
  });

  test('it sends traces', async () => {
    const collector = await startCollector();
    const { port, end } = await start(`. {\ntrace otlp ${collector.endpoint}\nwhoami\n}\n`);
    await ask(port, 'www.example.org', 'A');
    expect(await end()).toMatch(/status 0$/);
    expect(collector.spans.map(({ attributes }) => attributes['coredns.io/name'])).toEqual(['www.example.org.']);
  });

  test('its admin interface has its page and the description of its API', async () => {
    const socket = join(folderWith({}), 's');
    const { end } = await start(`. {\nadmin ${socket}\nwhoami\n}\n`);
    const { get } = adminAt(socket);
    expect(await get('/')).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect((await get('/v1/openapi.json')).json).toMatchObject({ openapi: '3.1.1' });
    expect((await get('/openapi.json')).status).toBe(404);
    expect(await end()).toMatch(/status 0$/);
  });

  test('its other commands are loaded when they are asked for', async () => {
    const corefile = join(ROOT, 'Corefile.example');
    const lookup = await run(cairn, ['lookup', 'web', 'A', '-n', 'shop', '--corefile', corefile], { cwd: ROOT });
    expect(lookup).toMatchObject({ code: 0, stdout: expect.stringContaining('10.96.12.34') });
    const env = await run(cairn, ['env', '-n', 'shop', '--corefile', corefile], { cwd: ROOT });
    expect(env).toMatchObject({ code: 0, stdout: expect.stringContaining('WEB_SERVICE_HOST=10.96.12.34') });
  });
});

test.each([
  ['trace otlp\n', true],
  ['', false],
])('with %j, the bundle loads the packages of OpenTelemetry: %s', async (directive, isLoaded) => {
  const place = folderWith({ 'show.mjs': SHOW_LOADED });
  vi.stubEnv('NODE_OPTIONS', `--import ${place}/show.mjs`);
  onTestFinished(() => void vi.unstubAllEnvs());
  cairn = join(folder, 'bin/cairn.js');
  const { end } = await start(`. {\n${directive}whoami\n}\n`);
  const loaded = (await end()).match(/^loaded .*/gm)!;
  const isOpenTelemetry = (line: string) =>
    readFileSync(line.slice('loaded '.length), 'utf8').includes('BatchSpanProcessor');
  expect(loaded.some((line) => line.includes('/bin/server-'))).toBe(true);
  expect(loaded.some(isOpenTelemetry)).toBe(isLoaded);
});
