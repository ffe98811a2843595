import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
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

describe('resolving, in a separate process', () => {
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

  test.each<[string, object, object, Partial<Access>]>([
    ['nothing at all', {}, {}, {}],
    ['a password', { username: 'me', password: 'pw' }, {}, { headers: { authorization: `Basic ${base64('me:pw')}` } }],
    [
      'data beside files, and all that is said of a cluster',
      {
        ...{ 'client-certificate-data': base64('DATA'), 'client-certificate': '/nowhere' },
        ...{ 'client-key-data': base64('KEY'), 'client-key': '/nowhere', as: 'other', 'as-groups': ['a', 'b'] },
      },
      {
        ...{ 'certificate-authority': '/nowhere', 'tls-server-name': 'api', 'disable-compression': true },
        'proxy-url': 'http://proxy.test:3128',
      },
      {
        tls: { ca: 'CA1', cert: 'DATA', key: 'KEY', servername: 'api' },
        headers: { 'accept-encoding': 'identity', 'impersonate-user': 'other', 'impersonate-group': ['a', 'b'] },
        proxy: 'http://proxy.test:3128',
      },
    ],
    [
      'an OIDC provider whose token is still valid, and a server that is not verified',
      { 'auth-provider': { name: 'oidc', config: { 'id-token': OIDC } } },
      { 'insecure-skip-tls-verify': true, 'certificate-authority-data': undefined },
      { tls: { rejectUnauthorized: false }, headers: { authorization: `Bearer ${OIDC}` } },
    ],
  ])('%s is honoured', async (_, user, cluster, expected) => {
    const { access } = await resolveKubeconfig(await kubeconfig(user, cluster), undefined);
    const headers = { 'accept-encoding': 'gzip', ...expected.headers };
    expect(access).toEqual({ url: 'https://one.test:6443', tls: { ca: 'CA1' }, ...expected, headers });
  });

  test('an exec plugin beside the file is run, unless there is a token', async () => {
    const plugin = join(folder, 'plugin.sh');
    const status = { token: 'from-plugin', expirationTimestamp: '2030-01-01T00:00:00Z' };
    const answer = JSON.stringify({ apiVersion: EXEC.apiVersion, kind: 'ExecCredential', status });
    await writeFile(plugin, `#!/bin/sh\necho '${answer}'\n`);
    await chmod(plugin, 0o755);
    const exec = { ...EXEC, command: './plugin.sh' };
    const { access, expiresAtMs } = await resolveKubeconfig(await kubeconfig({ exec }), undefined);
    expect([access.headers.authorization, expiresAtMs]).toEqual(['Bearer from-plugin', Date.UTC(2030, 0, 1)]);
    const other = await resolveKubeconfig(await kubeconfig({ exec, token: 'x' }), undefined);
    expect(other.access.headers.authorization).toBe('Bearer x');
  });

  test('a tokenFile is passed on, with the token beside it', async () => {
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
      /user "me": auth-provider "oidc" gives no valid token: it needs id-token/,
    ],
  ])('%s is refused', async (_, user, cluster, message) => {
    await expect(resolveKubeconfig(await kubeconfig(user, cluster), undefined)).rejects.toThrow(message);
  });

  // A plugin may take 50 seconds.
  test('a plugin that is not there is refused, and not waited for', { timeout: 40_000 }, async () => {
    const file = await kubeconfig({ exec: { ...EXEC, installHint: 'get it at example.com' } });
    const message = /config: the exec plugin cannot be run: spawn \/nowhere\/plugin ENOENT: get it at example.com$/;
    await expect(resolveKubeconfig(file, undefined)).rejects.toThrow(message);
  });

  test('a long error is logged with its beginning', async () => {
    const script = 'head -c 100000 /dev/zero | tr "\\0" x >&2; exit 1';
    const file = await kubeconfig({ exec: { ...EXEC, command: 'sh', args: ['-c', script] } });
    const message = await resolveKubeconfig(file, undefined).then(
      () => '',
      (thrown: Error) => thrown.message,
    );
    expect(message).toMatch(/config: the exec plugin ended with code 1: x{4000}/);
    expect(message.length).toBeLessThan(5000);
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

  test('several checks at once share one', async () => {
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
