import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../../../../test/support/clock.ts';
import { endpointCredentials, inClusterCredentials, inClusterUrl } from './files.ts';

let folder: string;

beforeEach(async () => {
  const made = await mkdtemp(join(tmpdir(), 'cairn-'));
  onTestFinished(() => rm(made, { recursive: true }));
  folder = made;
});

test.each([
  [{ KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' }, 'https://10.96.0.1:443'],
  [{ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }, 'https://[fd00::1]:6443'],
  [{ KUBERNETES_SERVICE_HOST: '10.96.0.1' }, undefined],
  [{}, undefined],
])('%j: the API server is at %s', (env, expected) => {
  expect(inClusterUrl(env)).toBe(expected);
});

const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
const write = (name: string, text: string) => writeFile(join(folder, name), text);

test('the token of a service account is read again after a minute, or when it is refused', async () => {
  await write('token', 'one\n');
  await write('ca.crt', 'CA');
  const clock = fakeClock();
  const credentials = inClusterCredentials(clock, { env, folder });
  const token = async () => (await credentials.access()).headers.authorization;
  expect(await credentials.access()).toEqual({
    url: 'https://10.96.0.1:443',
    tls: { ca: 'CA' },
    headers: { authorization: 'Bearer one' },
  });
  await write('token', 'two');
  clock.advance(59_999);
  expect(await token()).toBe('Bearer one');
  clock.advance(1);
  expect(await token()).toBe('Bearer two');
  await write('token', 'three');
  credentials.refused();
  expect(await token()).toBe('Bearer three');
});

test('a token that is away for a moment stays valid', async () => {
  await write('token', 'one');
  await write('ca.crt', 'CA');
  const clock = fakeClock();
  const credentials = inClusterCredentials(clock, { env, folder });
  await credentials.access();
  await rm(join(folder, 'token'));
  clock.advance(60_000);
  expect((await credentials.access()).headers.authorization).toBe('Bearer one');
});

test('without a token there is no access, and the error says what to do', async () => {
  await expect(inClusterCredentials(fakeClock(), { env, folder }).access()).rejects.toThrow(
    /the service account's token cannot be read: .*ENOENT.*: set automountServiceAccountToken to true in this server's pod/,
  );
});

test('the TLS files of an endpoint are read again after a minute', async () => {
  await write('cert', 'C1');
  await write('key', 'K1');
  const clock = fakeClock();
  const files = { cert: join(folder, 'cert'), key: join(folder, 'key'), ca: '' };
  const credentials = endpointCredentials('https://api.test', files, clock);
  expect((await credentials.access()).tls).toEqual({ cert: 'C1', key: 'K1' });
  await write('cert', 'C2');
  clock.advance(60_000);
  expect((await credentials.access()).tls).toEqual({ cert: 'C2', key: 'K1' });
});
