import { X509Certificate } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXPIRED_CERT, KEY, SERVER_CERT } from '../../../test/support/authority.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import { folderWith } from '../../../test/support/folder.ts';
import { makePlugin, parsePlugin, startPlugin, warningsOf } from '../../../test/support/plugin.ts';
import tls from './index.ts';

test.each([
  ['tls cert.pem key.pem', 'tls cert.pem key.pem nocert'],
  ['tls cert.pem key.pem ca.pem', 'tls cert.pem key.pem ca.pem nocert'],
  ['tls cert.pem key.pem {\nclient_auth require\n}', 'tls cert.pem key.pem require'],
])('%j means %j', (body, text) => {
  expect(tls.settings?.(parsePlugin(tls, body)).tls?.text).toBe(text);
});

test.each([
  ['tls', /^Corefile:1:1 - .*Wrong argument count.*'tls' takes at least 2 arguments/],
  ['tls cert.pem', /Wrong argument count/],
  ['tls a b c d', /Wrong argument count/],
  [
    'tls a b {\nclient_auth sometimes\n}',
    /^Corefile:2:13 - .*unknown value 'sometimes', expecting one of nocert, request/,
  ],
  ['tls a b {\nclient_auth\n}', /Wrong argument count/],
  ['tls a b {\nclient_aut require\n}', /unknown property 'client_aut'.*client_auth/],
  ['tls a b {\nkeylog keys.txt\n}', /'keylog' is not supported: session keys are never written/],
  ['tls {\nacme example.org\n}', /^Corefile:2:1 - .*'acme' is not supported: write 'tls CERT KEY'/],
  ['tls a b\ntls a b', /can only be used once/],
])('%j is refused', (body, message) => {
  expect(() => parsePlugin(tls, body)).toThrow(message);
});

test('a block that serves nothing over TLS gets a warning', () => {
  expect(warningsOf(tls, 'tls cert.pem key.pem')).toEqual([
    'Corefile:1:1 - no key of the block begins with tls:// or https://, so no certificate is shown',
  ]);
});

test('files that cannot be used keep the server from starting', async () => {
  const { plugin } = makePlugin(tls, 'tls missing.pem key.pem', { root: '/nonexistent' });
  await expect(startPlugin(plugin)).rejects.toThrow(
    /^Corefile:1:1 - .*cannot use the TLS files: .*ENOENT.*\/nonexistent\//,
  );
});

test('the end of the certificate is shown for as long as it is in use', async () => {
  const root = folderWith({ 'cert.pem': SERVER_CERT, 'key.pem': KEY });
  const { plugin, env } = makePlugin(tls, 'tls cert.pem key.pem', { root });
  await startPlugin(plugin);
  const name = 'cairn_tls_certificate_expiry_timestamp_seconds';
  expect(await env.exposed(name)).toEqual([]);
  plugin.serving!([]);
  const end = new X509Certificate(SERVER_CERT).validToDate.getTime() / 1000;
  expect(await env.exposed(name)).toEqual([`${name}{cert="${join(root, 'cert.pem')}"} ${end}`]);
  plugin.stop!();
  expect(await env.exposed(name)).toEqual([]);
});

describe('the status', () => {
  const end = new X509Certificate(SERVER_CERT).validToDate.getTime();
  const statusAt = async (nowMs: number, cert = SERVER_CERT) => {
    const root = folderWith({ 'cert.pem': cert, 'key.pem': KEY });
    const { plugin } = makePlugin(tls, 'tls cert.pem key.pem', { root, clock: fakeClock(nowMs) });
    await startPlugin(plugin);
    return { root, plugin, status: plugin.status!() };
  };

  test.each([
    ['valid for long', end - 100 * 86_400_000, SERVER_CERT, 'ok', /^The certificate is valid until \d{4}-\d\d-\d\d\.$/],
    ['about to expire', end - 3_600_000, SERVER_CERT, 'degraded', /expires within a day\. Renew the files/],
    ['expired', end + 1000, SERVER_CERT, 'failing', /^Clients close encrypted connections: .*has expired\. Renew/],
    ['expired from the start', end, EXPIRED_CERT, 'failing', /has expired/],
  ])('tells a certificate that is %s', async (_, nowMs, cert, state, summary) => {
    const { status } = await statusAt(nowMs, cert);
    expect(status).toMatchObject({ state, summary: expect.stringMatching(summary) });
    const until = new X509Certificate(cert).validToDate.getTime();
    expect(status.watches![0]!.expiresInSeconds).toBe((until - nowMs) / 1000);
  });

  test('tells files that can no longer be read', async () => {
    const { root, plugin } = await statusAt(end - 100 * 86_400_000);
    rmSync(join(root, 'key.pem'));
    await startPlugin(plugin);
    expect(plugin.status!()).toMatchObject({
      state: 'degraded',
      summary: expect.stringMatching(/^The certificate that was read last is shown: .*ENOENT.*key\.pem/),
    });
  });
});
