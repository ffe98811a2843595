import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { fakeClock } from '../../../../test/support/clock.ts';
import { kubeconfigCredentials, type Resolved, resolveKubeconfig } from './kubeconfig.ts';

let folder: string;

beforeEach(async () => {
  const made = await mkdtemp(join(tmpdir(), 'cairn-'));
  onTestFinished(() => rm(made, { recursive: true }));
  folder = made;
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;

/** A file with two contexts, `one` being the current one; `user` is the user of both. */
async function kubeconfig(user: object, cluster: object = {}): Promise<string> {
  const file = join(folder, 'config');
  const clusters = [
    {
      name: 'one',
      cluster: { server: 'https://one.test:6443', 'certificate-authority-data': base64('CA1'), ...cluster },
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

  test('an exec plugin is run', async () => {
    const plugin = join(folder, 'plugin.sh');
    const status = { token: 'from-plugin', expirationTimestamp: '2030-01-01T00:00:00Z' };
    await writeFile(plugin, `#!/bin/sh\necho '${JSON.stringify({ kind: 'ExecCredential', status })}'\n`);
    await chmod(plugin, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' };
    const { access, expiresAtMs } = await resolveKubeconfig(await kubeconfig({ exec }), undefined);
    expect([access.headers.authorization, expiresAtMs]).toEqual(['Bearer from-plugin', Date.UTC(2030, 0, 1)]);
  });

  test.each<[string, object, string | undefined, RegExp]>([
    ['a context that is not there', { token: 'x' }, 'three', /config: has no context "three": it has one, two$/],
    [
      'a plugin that is not there',
      { exec: { command: '/nowhere/plugin' } },
      undefined,
      /config: spawn \/nowhere\/plugin ENOENT$/,
    ],
  ])('%s is an error', async (_, user, context, message) => {
    await expect(resolveKubeconfig(await kubeconfig(user), context)).rejects.toThrow(message);
  });

  test('a file that is not there is an error', async () => {
    await expect(resolveKubeconfig('/nowhere/config', undefined)).rejects.toThrow(
      /^kubeconfig \/nowhere\/config: ENOENT: no such file or directory/,
    );
  });
});

describe('keeping', () => {
  const START = fakeClock().now();

  async function setUp(expiresAtMs: number | null) {
    const clock = fakeClock();
    const file = await kubeconfig({ token: 'x' });
    let count = 0;
    let isBroken = false;
    let attempts = 0;
    const resolve = async (): Promise<Resolved> => {
      attempts++;
      if (isBroken) throw new Error('broken');
      const headers = { authorization: `Bearer ${++count}` };
      return { access: { url: 'https://one.test', tls: {}, headers }, files: [], expiresAtMs };
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
