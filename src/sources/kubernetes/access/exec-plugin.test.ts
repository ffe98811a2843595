import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { runExecPlugin } from './exec-plugin.ts';

const EXEC = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin.sh' };
let folder: string;

beforeEach(async () => {
  const made = await mkdtemp(join(tmpdir(), 'cairn-'));
  onTestFinished(() => rm(made, { recursive: true }));
  folder = made;
});

/** Runs a plugin in the folder of the kubeconfig, which is this script. */
async function run(script: string, exec: object = {}, cluster: object = {}) {
  await writeFile(join(folder, 'plugin.sh'), `#!/bin/sh\ncd ${folder}\n${script}\n`);
  await chmod(join(folder, 'plugin.sh'), 0o755);
  return runExecPlugin({ ...EXEC, ...exec }, { server: 'https://one.test:6443', ...cluster }, folder);
}

const answer = (status: object | undefined, apiVersion: string = EXEC.apiVersion) =>
  `echo '${JSON.stringify({ apiVersion, kind: 'ExecCredential', status })}'`;

test.each([
  [{ token: 'from-plugin', expirationTimestamp: '2030-01-01T00:00:00Z' }],
  [{ clientCertificateData: 'CERT', clientKeyData: 'KEY' }],
])('gives %j', async (status) => {
  expect(await run(answer(status))).toEqual(status);
});

test('is told what it is run for, with its arguments and variables, and has no input', async () => {
  const script = `cat >seen; echo "$@ $GREETING $KUBERNETES_EXEC_INFO" >>seen\n${answer({ token: 'x' })}`;
  const cluster = {
    ...{ 'certificate-authority': 'ca.pem', 'tls-server-name': 'api' },
    extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'me' } }],
  };
  await writeFile(join(folder, 'ca.pem'), 'CA2');
  const env = [{ name: 'GREETING', value: 'hello' }];
  await run(script, { args: ['a', 'b c'], env, provideClusterInfo: true }, cluster);
  const [, words, info] = /^(.*?) (\{.*)\n$/.exec(await readFile(join(folder, 'seen'), 'utf8')) ?? [];
  expect([words, JSON.parse(info!)]).toEqual([
    'a b c hello',
    {
      ...{ apiVersion: EXEC.apiVersion, kind: 'ExecCredential' },
      spec: {
        interactive: false,
        cluster: {
          ...{ server: 'https://one.test:6443', 'tls-server-name': 'api', config: { audience: 'me' } },
          'certificate-authority-data': Buffer.from('CA2').toString('base64'),
        },
      },
    },
  ]);
});

test('is not told of the cluster unless that is wanted', async () => {
  await run(`echo "$KUBERNETES_EXEC_INFO" >seen\n${answer({ token: 'x' })}`);
  expect(JSON.parse(await readFile(join(folder, 'seen'), 'utf8')).spec).toEqual({ interactive: false });
});

test('without a folder in its name is looked for in PATH', async () => {
  await expect(runExecPlugin({ ...EXEC, command: 'true' }, {}, folder)).rejects.toThrow('is not JSON');
});

test.each([
  ['echo oops >&2; exit 3', /the exec plugin ended with code 3: oops$/],
  ['exit 1', /the exec plugin ended with code 1: it printed nothing$/],
  ['kill -9 $$', /the exec plugin ended with SIGKILL: it printed nothing$/],
  ['echo hello', /the output of the exec plugin is not JSON$/],
  [`head -c 1200000 /dev/zero | tr '\\0' ' '; ${answer({ token: 'x' })}`, /not JSON$/],
  ['echo null', /the exec plugin printed undefined of undefined: exec.apiVersion asks for/],
  [answer({ token: 'x' }, 'client.authentication.k8s.io/v1beta1'), /printed ExecCredential of client.*v1beta1: exec/],
  [answer(undefined), /gave neither a token nor a certificate$/],
  [answer({ clientCertificateData: 'CERT' }), /gave only one of certificate and key$/],
])('%s is an error', async (script, message) => {
  await expect(run(script)).rejects.toThrow(message);
});
