import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from '../support/folder.ts';
import { run } from '../support/tools.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const cairn = (args: readonly string[], cwd = ROOT) =>
  run(process.execPath, [join(ROOT, 'src/cli/main.ts'), ...args], { cwd });

const MANIFESTS = `
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web}, spec: {clusterIP: 10.96.0.20, ports: [{name: http, port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: api}, spec: {ports: [{port: 81}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: default, name: kubernetes}, spec: {clusterIP: 10.96.0.1, ports: [{port: 443}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: alone}, spec: {enableServiceLinks: false}}
`;
const COREFILE = '. {\n  kubernetes cluster.local {\n    manifests cluster.yaml\n  }\n}\n';
const folder = () => folderWith({ 'cluster.yaml': MANIFESTS, Corefile: COREFILE });

test('the variables of a namespace, one a line', async () => {
  const { stdout, stderr, code } = await cairn(['env', '-n', 'shop'], folder());
  expect(stdout.split('\n').filter((line) => line.includes('HOST'))).toEqual([
    'KUBERNETES_SERVICE_HOST=10.96.0.1',
    'WEB_SERVICE_HOST=10.96.0.20',
  ]);
  expect(stderr).toMatch(/cluster\.yaml:4:1: Service shop\/api has no clusterIP/);
  expect(code).toBe(0);
});

test('from manifests alone, services without a cluster IP get one; --json prints an object', async () => {
  const { stdout } = await cairn(['env', '--namespace=shop', '--json', '--manifests', 'cluster.yaml'], folder());
  expect(JSON.parse(stdout)).toMatchObject({
    API_SERVICE_HOST: expect.stringMatching(/^10\.(9[6-9]|10\d|11[01])\./),
    WEB_SERVICE_PORT_HTTP: '80',
  });
});

test('a pod that wants no service links gets the API server only', async () => {
  const { stdout } = await cairn(['env', '-n', 'shop', '--pod', 'alone', '--corefile', 'Corefile'], folder());
  expect(stdout).toMatch(/^KUBERNETES_SERVICE_HOST=10\.96\.0\.1\n/);
  expect(stdout).not.toContain('WEB');
});

test.each([
  [
    ['env', '--nope'],
    2,
    /^cairn env: unknown option '--nope'\n {2}usage: cairn env \[flags\]\n {2}see cairn env --help\n$/,
  ],
  [['env', 'shop'], 2, /unexpected argument "shop"/],
  [['env', '--manifests', 'a', '--corefile', 'b'], 2, /not both/],
  [['env', '--manifests', 'nowhere'], 1, /^nowhere does not exist$/m],
  [['env', '--pod', 'alone'], 1, /no manifest describes the pod default\/alone: there is one with -n shop/],
  [['env', '--corefile', 'cluster.yaml'], 1, /cluster\.yaml:2:/],
  [['help', 'nothing'], 2, /unknown command "nothing"/],
])('%j ends with status %i and a reason', async (args, status, reason) => {
  const { stderr, code } = await cairn(args, folder());
  expect(stderr).toMatch(reason);
  expect(code).toBe(status);
});

test('a Corefile without a cluster says what to do', async () => {
  const { stderr } = await cairn(['env'], folderWith({ Corefile: '. {\n  whoami\n}\n' }));
  expect(stderr).toBe('Corefile has no `kubernetes`: name one that does with --corefile\n');
  const without = await cairn(['env'], folderWith({}));
  expect(without.stderr).toMatch(
    /^\S+ has no Corefile: name manifests with --manifests, or a Corefile with --corefile\n$/,
  );
  const ofApi = await cairn(['env'], folderWith({ Corefile: '. {\n  kubernetes cluster.local\n}\n' }));
  expect(ofApi.stderr).toBe('`kubernetes` in the Corefile names no manifests to read\n');
});

test.each([[['env', '--help']], [['env', '-h']], [['help', 'env']]])('%j explains the command', async (args) => {
  const { stdout, code } = await cairn(args);
  expect(stdout).toMatch(/^Usage: cairn env/);
  expect(code).toBe(0);
});

test('help alone lists the commands', async () => {
  expect((await cairn(['help'])).stdout).toMatch(
    /^Usage: cairn \[flags\]\n {7}cairn COMMAND.*\n(.*\n)*? {2}check \[FILE\]\.\.\. .*\n(.*\n)*? {2}env /,
  );
});

test.each([
  ['lookup', ['www.example.org']],
  ['env', ['-n', 'shop']],
])('%s knows the plugins of packages that the Corefile uses', async (command, args) => {
  const corefile = `. {\n  inside 127.0.0.1/32 192.0.2.10=10.0.0.10\n  kubernetes cluster.local {\n    manifests cluster.yaml\n  }\n  hosts {\n    192.0.2.10 www.example.org\n  }\n}\n`;
  const cwd = folderWith({ 'cluster.yaml': MANIFESTS, Corefile: corefile });
  const known = await cairn(
    [command, ...args, '--corefile', 'Corefile', '--plugin', join(ROOT, 'examples/plugin')],
    cwd,
  );
  expect(known.code).toBe(0);
  expect(known.stdout).toMatch(command === 'lookup' ? /^10\.0\.0\.10\n/ : /^WEB_SERVICE_HOST=10\.96\.0\.20$/m);
  const unknown = await cairn([command, ...args, '--corefile', 'Corefile'], cwd);
  expect(unknown.stderr).toContain("Unknown directive 'inside'");
});
