import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { library } from '../../scripts/library.ts';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import { adminAt } from '../support/admin.ts';
import { apiNamespace, apiService } from '../support/api-objects.ts';
import { startApiServer } from '../support/api-server/index.ts';
import { ask } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { kubeconfigText } from '../support/kubeconfig.ts';
import { refusedPort } from '../support/upstream.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const HOSTS = 'hosts /dev/null {\n192.0.2.1 www.example.org\n}';

let folder: string;
/** The published library, as a CommonJS program gets it. */
let cairn: typeof import('../../src/index.ts');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-library-'));
  await library(join(folder, 'dist'));
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  cairn = createRequire(import.meta.url)(join(folder, 'dist/index.cjs'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a server on a free port, and returns the port. */
async function start(body: string, plugins = cairn.plugins): Promise<number> {
  const source = cairn.corefileSource({ file: 'Corefile', text: `. {\n${body}\n}\n`, plugins, dnsPort: 0 });
  const server = new cairn.Server({ source, sink: () => {} });
  onTestFinished(() => server.shutdown());
  await server.start();
  return server.listening[0]!.port;
}

test.runIf(await loadMachinery())('its worker threads start and answer', async () => {
  const metrics = `127.0.0.1:${await refusedPort()}`;
  const port = await start(`multisocket 2\nprometheus ${metrics}\n${HOSTS}`);
  const replies = await Promise.all(Array.from({ length: 8 }, () => ask(port, 'www.example.org', 'A')));
  expect(new Set(replies.flatMap(({ answer }) => answer))).toEqual(new Set(['192.0.2.1']));
  const page = await (await fetch(`http://${metrics}/metrics`)).text();
  expect(page).toMatch(/^cairn_udp_workers\{.*\} 2$/m);
  expect(page).toMatch(/^cairn_udp_worker_deaths_total\{.*\} 0$/m);
});

test('its process for kubeconfigs starts, and the server reads the cluster that it names', async () => {
  const objects = [apiNamespace('shop'), apiService('shop/web', '10.96.12.34')];
  const api = await startApiServer({ objects, tokens: ['secret'] });
  onTestFinished(() => api.close());
  const kubeconfig = folderWith({ config: kubeconfigText(api.url, 'secret') });
  const port = await start(`kubernetes cluster.local {\nkubeconfig ${kubeconfig}/config\n}`);
  expect((await ask(port, 'web.shop.svc.cluster.local', 'A')).answer).toEqual(['10.96.12.34']);
});

test('its admin interface has its page and the description of its API', async () => {
  const socket = join(folderWith({}), 's');
  await start(`admin ${socket}\n${HOSTS}`);
  const { get } = adminAt(socket);
  expect(await get('/')).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
  expect((await get('/v1/openapi.json')).json).toMatchObject({ openapi: '3.1.1' });
});

const PLUGIN = `definePlugin({
  name: 'shout',
  parse: () => undefined,
  create: () => ({ wrap: () => ({ question: { name } }) => createReply('shout', { answer: [rr(A, name, 5, { address: '192.0.2.9' })] }) }),
});`;

test.each([
  [
    'an ES module',
    'module',
    `import { A, createReply, definePlugin, rr } from 'cairn-dns/plugin';\nexport default ${PLUGIN}`,
  ],
  [
    'CommonJS',
    'commonjs',
    `const { A, createReply, definePlugin, rr } = require('cairn-dns/plugin');\nmodule.exports = ${PLUGIN}`,
  ],
])('the plugin of a package that is %s serves', async (_, type, text) => {
  const manifest = { name: 'shout', type, cairn: { plugin: './index.js', api: 1 } };
  const place = folderWith({ 'package.json': JSON.stringify(manifest), 'index.js': text });
  const port = await start('shout', await cairn.loadPlugins([place]));
  expect((await ask(port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.9']);
});

test('a package that imports what the contract lacks is refused', async () => {
  const manifest = { name: 'later', type: 'module', cairn: { plugin: './index.js', api: 1 } };
  const index = "import { later } from 'cairn-dns/plugin';";
  const place = folderWith({ 'package.json': JSON.stringify(manifest), 'index.js': index });
  await expect(cairn.loadPlugins([place])).rejects.toThrow(
    /it needs another version of cairn-dns than \S+, which runs$/,
  );
});
