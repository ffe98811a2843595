import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { fakeClock } from '../../../../test/support/clock.ts';
import type { Access } from './access.ts';
import { kubeconfigCredentials, type Resolved, resolveKubeconfig } from './kubeconfig.ts';

let folder: string;

beforeEach(async () => {
  const made = await mkdtemp(join(tmpdir(), 'cairn-'));
  onTestFinished(() => rm(made, { recursive: true }));
  folder = made;
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;
const OIDC = jwt({ exp: 32_000_000_000 });
const EXEC = { apiVersion: 'client.authentication.k8s.io/v1', command: '/nowhere/plugin', interactiveMode: 'Never' };

/** A file with two contexts, `one` being the current one; `user` is the user of both. */
async function kubeconfig(user: object, cluster: object = {}): Promise<string> {
  const file = join(folder, 'config');
  const clusters = [
    {
      name: 'one',
      cluster: { server: 'https://one.test:6443', 'certificate-authority-data': base64('CA1'), ...cluster } as object,
    },
    { name: 'two', cluster: { server: 'http://two.test', 'insecure-skip-tls-verify': true } },
  ];
  const contexts = ['one', 'two'].map((name) => ({ name, context: { cluster: name, user: 'me' } }));
  const users = [{ name: 'me', user }];
  await writeFile(
    file,
    stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'one', clusters, contexts, users }),
  );
  return file;
}

describe('resolving, in a process of its own', () => {
  test('the current context, with a token that says when it ends', async () => {
    const token = jwt({ exp: 2_000_000_000 });
    expect(await resolveKubeconfig(await kubeconfig({ token }), undefined)).toEqual({
      access: {
        url: 'https://one.test:6443',
        tls: { ca: 'CA1' },
        headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' },
      },
      files: [],
      tokenFile: null,
      expiresAtMs: 2_000_000_000_000,
    });
  });

  test('another context, with a client certificate beside the file', async () => {
    await writeFile(join(folder, 'cert.pem'), 'CERT');
    const user = { 'client-certificate': 'cert.pem', 'client-key-data': base64('KEY'), as: 'somebody' };
    const { access, files } = await resolveKubeconfig(await kubeconfig(user), 'two');
    expect(access).toEqual({
      url: 'http://two.test',
      tls: { cert: 'CERT', key: 'KEY', rejectUnauthorized: false },
      headers: { 'impersonate-user': 'somebody', 'accept-encoding': 'gzip' },
    });
    expect(files).toEqual([join(folder, 'cert.pem')]);
  });

  const fieldRows: [string, object, object, Partial<Access>][] = [
    ['nothing at all', {}, {}, {}],
    ['a password', { username: 'me', password: 'pw' }, {}, { headers: { authorization: `Basic ${base64('me:pw')}` } }],
    [
      'data of certificates beside their files',
      {
        ...{ 'client-certificate-data': base64('DATA'), 'client-certificate': '/nowhere' },
        ...{ 'client-key-data': base64('KEY'), 'client-key': '/nowhere' },
      },
      { 'certificate-authority': '/nowhere' },
      { tls: { ca: 'CA1', cert: 'DATA', key: 'KEY' } },
    ],
    ['tls-server-name', {}, { 'tls-server-name': 'api' }, { tls: { ca: 'CA1', servername: 'api' } }],
    [
      'insecure-skip-tls-verify',
      {},
      { 'insecure-skip-tls-verify': true, 'certificate-authority-data': undefined },
      { tls: { rejectUnauthorized: false } },
    ],
    ['disable-compression', {}, { 'disable-compression': true }, { headers: { 'accept-encoding': 'identity' } }],
    ['proxy-url', {}, { 'proxy-url': 'http://proxy.test:3128' }, { proxy: 'http://proxy.test:3128' }],
    [
      'everything to act as somebody else with',
      {
        ...{ as: 'jürgen', 'as-uid': '7', 'as-groups': ['a', 'b'] },
        'as-user-extra': { Scopes: ['x', 'y'], 'acme.com/project': ['p'] },
      },
      {},
      {
        headers: {
          ...{ 'impersonate-user': Buffer.from('jürgen').toString('latin1'), 'impersonate-uid': '7' },
          ...{ 'impersonate-group': ['a', 'b'], 'impersonate-extra-scopes': ['x', 'y'] },
          'impersonate-extra-acme.com%2Fproject': ['p'],
        },
      },
    ],
    [
      'an OIDC provider whose token is still valid',
      { 'auth-provider': { name: 'oidc', config: { 'id-token': OIDC } } },
      {},
      { headers: { authorization: `Bearer ${OIDC}` } },
    ],
  ];
  test.each(fieldRows)('%s is honoured', async (_, user, cluster, expected) => {
    const { access } = await resolveKubeconfig(await kubeconfig(user, cluster), undefined);
    const headers = { 'accept-encoding': 'gzip', ...expected.headers };
    expect(access).toEqual({ url: 'https://one.test:6443', tls: { ca: 'CA1' }, ...expected, headers });
  });

  test('a tokenFile is told to who reads it, with the token beside it', async () => {
    const user = { token: 'fallback', tokenFile: 'token' };
    const { access, tokenFile } = await resolveKubeconfig(await kubeconfig(user), undefined);
    expect([access.headers.authorization, tokenFile]).toEqual(['Bearer fallback', join(folder, 'token')]);
  });

  test.each<[string, object, object, RegExp]>([
    [
      'a cluster that contradicts itself',
      {},
      { 'insecure-skip-tls-verify': true },
      /config: cluster "one" has both a cert/,
    ],
    [
      'a user that does',
      { token: 'x', username: 'me' },
      {},
      /config: user "me" has both a username and a token: remove/,
    ],
    [
      'an OIDC provider without a token',
      { 'auth-provider': { name: 'oidc', config: {} } },
      {},
      /user "me": auth-provider "oidc" gives no token that is valid: it needs id-token/,
    ],
    [
      'a plugin that is not there',
      { exec: { ...EXEC, installHint: 'get it at example.com' } },
      {},
      /config: the exec plugin cannot be run: spawn \/nowhere\/plugin ENOENT: get it at example.com$/,
    ],
  ])('%s is refused', async (_, user, cluster, message) => {
    await expect(resolveKubeconfig(await kubeconfig(user, cluster), undefined)).rejects.toThrow(message);
  });

  test('a context that is not there is an error', async () => {
    const file = await kubeconfig({ token: 'x' });
    const message = /config: has no context "three": it has one, two$/;
    await expect(resolveKubeconfig(file, 'three')).rejects.toThrow(message);
  });

  test('a file that is not there is an error', async () => {
    await expect(resolveKubeconfig('/nowhere/config', undefined)).rejects.toThrow(
      /^kubeconfig \/nowhere\/config: ENOENT: no such file or directory/,
    );
  });
});

describe('an exec plugin', () => {
  /** Resolves with a plugin beside the kubeconfig, which is this script. */
  async function run(script: string, exec: object = {}, cluster: object = {}): Promise<Resolved> {
    await writeFile(join(folder, 'plugin.sh'), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, 'plugin.sh'), 0o755);
    return resolveKubeconfig(
      await kubeconfig({ exec: { ...EXEC, command: './plugin.sh', ...exec } }, cluster),
      undefined,
    );
  }
  const answer = (status: object | undefined, apiVersion: string = EXEC.apiVersion) =>
    `echo '${JSON.stringify({ apiVersion, kind: 'ExecCredential', status })}'`;

  test('gives a token that ends', async () => {
    const status = { token: 'from-plugin', expirationTimestamp: '2030-01-01T00:00:00Z' };
    const { access, expiresAtMs } = await run(answer(status));
    expect([access.headers.authorization, expiresAtMs]).toEqual(['Bearer from-plugin', Date.UTC(2030, 0, 1)]);
  });

  test('gives a certificate with its key', async () => {
    const { access } = await run(answer({ clientCertificateData: 'CERT', clientKeyData: 'KEY' }));
    expect([access.tls, access.headers.authorization]).toEqual([{ ca: 'CA1', cert: 'CERT', key: 'KEY' }, undefined]);
  });

  test('is not run where there is a token already', async () => {
    const file = await kubeconfig({ token: 'x', exec: EXEC });
    expect((await resolveKubeconfig(file, undefined)).access.headers.authorization).toBe('Bearer x');
  });

  test('is told what it is run for, with its arguments and variables, and has no input', async () => {
    const script = `cat >seen; echo "$@ $GREETING $KUBERNETES_EXEC_INFO" >>seen\n${answer({ token: 'x' })}`;
    const cluster = {
      ...{ 'certificate-authority-data': undefined, 'certificate-authority': 'ca.pem', 'tls-server-name': 'api' },
      extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'me' } }],
    };
    await writeFile(join(folder, 'ca.pem'), 'CA2');
    const env = [{ name: 'GREETING', value: 'hello' }];
    await run(`cd ${folder}\n${script}`, { args: ['a', 'b c'], env, provideClusterInfo: true }, cluster);
    const [, words, info] = /^(.*?) (\{.*)\n$/.exec(await readFile(join(folder, 'seen'), 'utf8')) ?? [];
    expect([words, JSON.parse(info!)]).toEqual([
      'a b c hello',
      {
        ...{ apiVersion: EXEC.apiVersion, kind: 'ExecCredential' },
        spec: {
          interactive: false,
          cluster: {
            ...{ server: 'https://one.test:6443', 'tls-server-name': 'api', config: { audience: 'me' } },
            'certificate-authority-data': base64('CA2'),
          },
        },
      },
    ]);
  });

  test('is not told of the cluster unless that is wanted', async () => {
    await run(`cd ${folder}\necho "$KUBERNETES_EXEC_INFO" >seen\n${answer({ token: 'x' })}`);
    expect(JSON.parse(await readFile(join(folder, 'seen'), 'utf8')).spec).toEqual({ interactive: false });
  });

  test.each([
    ['echo oops >&2; exit 3', /the exec plugin ended with code 3: oops$/],
    ['exit 1', /the exec plugin ended with code 1: it said nothing$/],
    ['echo hello', /what the exec plugin printed is no JSON$/],
    ['echo null', /the exec plugin printed undefined of undefined: exec.apiVersion asks for/],
    [answer({ token: 'x' }, 'client.authentication.k8s.io/v1beta1'), /printed ExecCredential of client.*v1beta1: exec/],
    [answer(undefined), /gave neither a token nor a certificate$/],
    [answer({ clientCertificateData: 'CERT' }), /gave a certificate or a key without the other$/],
  ])('%s is an error', async (script, message) => {
    await expect(run(script)).rejects.toThrow(message);
  });
});

describe('keeping', () => {
  const START = fakeClock().now();

  async function setUp(expiresAtMs: number | null, { tokenFile = null }: { tokenFile?: string | null } = {}) {
    const clock = fakeClock();
    const file = await kubeconfig({ token: 'x' });
    let count = 0;
    let isBroken = false;
    let attempts = 0;
    const resolve = async (): Promise<Resolved> => {
      attempts++;
      if (isBroken) throw new Error('broken');
      const headers = { authorization: `Bearer ${++count}` };
      return { access: { url: 'https://one.test', tls: {}, headers }, files: [], tokenFile, expiresAtMs };
    };
    const credentials = kubeconfigCredentials(file, undefined, clock, resolve);
    const token = async () => (await credentials.access()).headers.authorization;
    return {
      clock,
      file,
      credentials,
      token,
      attempts: () => attempts,
      break: (is = true) => {
        isBroken = is;
      },
    };
  }

  test('credentials hold until a minute before they end', async () => {
    const { clock, token } = await setUp(START + 600_000);
    expect(await token()).toBe('Bearer 1');
    clock.advance(539_999);
    expect(await token()).toBe('Bearer 1');
    clock.advance(1);
    expect(await token()).toBe('Bearer 2');
  });

  test('credentials without an end hold until the file changes', async () => {
    const { clock, file, token } = await setUp(null);
    await token();
    clock.advance(86_400_000);
    expect(await token()).toBe('Bearer 1');
    await writeFile(file, 'changed');
    expect(await token()).toBe('Bearer 2');
  });

  test('credentials that are refused are got anew, but not all the time', async () => {
    const { clock, credentials, token } = await setUp(null);
    await token();
    credentials.refused();
    expect(await token()).toBe('Bearer 1');
    clock.advance(10_000);
    expect(await token()).toBe('Bearer 2');
  });

  test('a tokenFile is read again each minute, or when it is refused, and goes before the token', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'file 1\n');
    const { clock, credentials, token, attempts } = await setUp(null, { tokenFile });
    expect(await token()).toBe('Bearer file 1');
    await writeFile(tokenFile, 'file 2');
    clock.advance(59_999);
    expect(await token()).toBe('Bearer file 1');
    clock.advance(1);
    expect(await token()).toBe('Bearer file 2');
    await rm(tokenFile);
    clock.advance(60_000);
    expect(await token()).toBe('Bearer file 2');
    expect(attempts()).toBe(1);
    await writeFile(tokenFile, 'file 3');
    credentials.refused();
    expect(await token()).toBe('Bearer file 3');
  });

  test.each([
    ['is not there', undefined, /kubeconfig .*: the tokenFile cannot be read: ENOENT/],
    ['is empty', '\n', /kubeconfig .*: the tokenFile .*token is empty$/],
  ])('a tokenFile that %s is an error, unless there is a token', async (_, text, message) => {
    const tokenFile = join(folder, 'token');
    if (text !== undefined) await writeFile(tokenFile, text);
    expect(await (await setUp(null, { tokenFile })).token()).toBe('Bearer 1');
    const access = { url: 'https://one.test', tls: {}, headers: {} };
    const resolve = async () => ({ access, files: [], tokenFile, expiresAtMs: null });
    const credentials = kubeconfigCredentials(await kubeconfig({}), undefined, fakeClock(), resolve);
    await expect(credentials.access()).rejects.toThrow(message);
  });

  test('several who ask at once are answered by one look', async () => {
    const { token } = await setUp(null);
    expect(await Promise.all([token(), token()])).toEqual(['Bearer 1', 'Bearer 1']);
  });

  test('what was valid stays so when it cannot be got anew', async () => {
    const setup = await setUp(START + 60_000);
    await setup.token();
    setup.break();
    setup.clock.advance(60_000);
    expect(await setup.token()).toBe('Bearer 1');
  });

  test('what cannot be got at all is not tried all the time', async () => {
    const { clock, token, attempts, break: breakIt } = await setUp(null);
    breakIt();
    for (let i = 0; i < 4; i++) await expect(token()).rejects.toThrow('broken');
    expect(attempts()).toBe(1);
    breakIt(false);
    clock.advance(10_000);
    expect([await token(), attempts()]).toEqual(['Bearer 1', 2]);
  });
});
