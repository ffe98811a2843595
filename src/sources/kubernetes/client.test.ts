import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { apiNamespace, apiService } from '../../../test/support/api-objects.ts';
import { startApiServer } from '../../../test/support/api-server/index.ts';
import { certificate, otherCertificate } from '../../../test/support/certificate.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import { watchedCluster } from '../../../test/support/watched-cluster.ts';
import type { Access } from './access/access.ts';
import { inClusterCredentials } from './access/files.ts';
import { type ApiClient, createApiClient } from './client.ts';

const objects = [apiNamespace('shop'), apiService('shop/web', '10.0.0.1')];

async function folderWith(files: Record<string, string | Buffer>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

describe('TLS', () => {
  test('a server that the CA vouches for is trusted, and sees the client certificate', async () => {
    const api = await startApiServer({ objects, tls: certificate, clientCa: otherCertificate.cert });
    const folder = await folderWith({ ca: certificate.cert, cert: otherCertificate.cert, key: otherCertificate.key });
    const tls = { ca: join(folder, 'ca'), cert: join(folder, 'cert'), key: join(folder, 'key') };
    const cluster = await watchedCluster({ api, connection: { kind: 'endpoint', url: api.url, tls } });
    await cluster.until(() => expect(cluster.registry.synced).toBe(true));
    expect(api.requests[0]!.certificate).toBe('localhost');
    await api.close();
  });

  test('another server is not, until its CA is in the file', async () => {
    const api = await startApiServer({ objects, tls: certificate });
    const folder = await folderWith({ ca: otherCertificate.cert });
    const tls = { ca: join(folder, 'ca'), cert: '', key: '' };
    const cluster = await watchedCluster({ api, connection: { kind: 'endpoint', url: api.url, tls } });
    await cluster.until(() => expect(cluster.lines.join()).toMatch(/services: https:.* self-signed certificate/));
    await writeFile(join(folder, 'ca'), certificate.cert);
    await cluster.later(() => expect(cluster.registry.synced).toBe(true));
    await api.close();
  });
});

test('a token that is refused is read again, and shown at once if it is another one', async () => {
  const api = await startApiServer({ objects, tokens: ['new'], tls: certificate });
  const folder = await folderWith({ token: 'old', 'ca.crt': certificate.cert });
  const { client, codes } = clientOf(api.port, folder);
  const path = '/api/v1/services';
  await expect(client.get(path, never)).rejects.toMatchObject({ status: 401, reason: 'Unauthorized' });
  await writeFile(join(folder, 'token'), 'new');
  await client.get(path, never);
  await api.set({ tokens: ['newer'] });
  await writeFile(join(folder, 'token'), 'newer');
  await client.get(path, never);
  const shown = ['old', 'new', 'new', 'newer'].map((token) => `Bearer ${token}`);
  expect(api.requests.map(({ authorization }) => authorization)).toEqual(shown);
  expect(codes).toEqual(['401', '200', '401', '200']);
  await api.close();
});

const never = new AbortController().signal;

/** A client with the service account of that folder, and the statuses that it got. */
function clientOf(port: number, folder: string) {
  const clock = fakeClock();
  const codes: string[] = [];
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) };
  const metrics = { waited: () => {}, answered: (_: string, code: string) => void codes.push(code) };
  const client = createApiClient(inClusterCredentials(clock, { env, folder }), {}, { clock, metrics, userAgent: 'x' });
  onTestFinished(() => client.close());
  return { client, codes };
}

test('a proxy is asked in place of the server', async () => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url!);
    response.end('{}');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const access = { url: 'http://api.invalid/base/', tls: {}, headers: {}, proxy: `http://127.0.0.1:${port}` };
  const metrics = { waited: () => {}, answered: () => {} };
  const credentials = { access: async () => access, refused: () => {} };
  const client = createApiClient(credentials, {}, { clock: fakeClock(), metrics, userAgent: 'x' });
  await client.get('/api/v1/pods', never);
  client.close();
  expect(asked).toEqual(['http://api.invalid/base/api/v1/pods']);
});

describe('limits', () => {
  test('apiserver_qps and apiserver_burst hold requests back, and the wait is measured', async () => {
    const api = await startApiServer({ objects });
    const cluster = await watchedCluster({ api, limits: { qps: 1, burst: 1 } });
    await cluster.until(() => expect(api.requests).toHaveLength(1));
    await cluster.later(() => expect(cluster.registry.synced).toBe(true), 100);
    expect(cluster.clock.monotonic()).toBeGreaterThanOrEqual(2000);
    const host = `verb=GET,host=127.0.0.1:${api.port}`;
    const name = 'coredns_kubernetes_rest_client_rate_limiter_duration_seconds';
    expect((await cluster.metric(`${name}_sum`))[host]).toBeGreaterThanOrEqual(3);
    await api.close();
  });

  test('apiserver_max_inflight lets one list come at a time, and watches beside it', async () => {
    const api = await startApiServer({ objects });
    await api.set({ silent: true, faulty: { resource: 'services' } });
    const cluster = await watchedCluster({ api, limits: { maxInflight: 1 } });
    await cluster.until(() => expect(api.requests).toHaveLength(2));
    expect(cluster.registry.synced).toBe(false);
    await api.set({ silent: false });
    await cluster.later(() => expect(cluster.registry.synced).toBe(true));
    expect(api.watches).toHaveLength(3);
    await api.close();
  });
});

test.each([
  ['Too many requests, please try again later.\n', 'Too many requests, please try again later.'],
  ['<html><head><title>502</title></head>\r\n<body>Bad  gateway</body>', '502 Bad gateway'],
  ['x'.repeat(300), `${'x'.repeat(200)}…`],
  ['', 'status 429'],
])('an answer that is no Status is told with its text: %j', async (text, expected) => {
  const failures = { times: 1, status: 429, retryAfterSeconds: 2, text };
  const cluster = await watchedCluster({ objects, failures, faulty: { resource: 'services' } });
  await cluster.until(() => expect(cluster.lines.join('\n')).toContain(`the API server answers 429: ${expected};`));
  await cluster.later(() => expect(cluster.registry.synced).toBe(true), 100);
  expect(cluster.clock.monotonic()).toBeGreaterThanOrEqual(2000);
});

test.each([
  ['destroy', 'the server closed the connection without a response'],
  ['resetAndDestroy', 'the connection was reset (read ECONNRESET)'],
] as const)('a connection that ends by %s before an answer: %s', async (end, expected) => {
  const server = createServer((request) => void request.socket[end]());
  await expect(clientOfServer(await listening(server)).get('/api/v1/pods', never)).rejects.toThrow(expected);
});

test.each([
  ['destroy', 'the server closed the connection in the middle of a response'],
  ['resetAndDestroy', 'the connection was reset (read ECONNRESET)'],
] as const)('a connection that ends by %s in the middle of a response: %s', async (end, expected) => {
  const server = createServer((request, response) => {
    response.write('{', () => setImmediate(() => request.socket[end]()));
  });
  const { chunks } = await clientOfServer(await listening(server)).get('/api/v1/pods', never);
  const read = async () => {
    for await (const chunk of chunks) expect(chunk.toString()).toBe('{');
  };
  await expect(read()).rejects.toThrow(expected);
});

test('a header with several values is sent as several lines', async () => {
  let asked: readonly string[] = [];
  const server = createServer((request, response) => {
    asked = request.rawHeaders.filter((_, i, all) => all[i & ~1] === 'impersonate-group');
    response.end('{}');
  });
  const headers = { 'impersonate-group': ['a', 'b'] };
  await clientOfServer(await listening(server), headers).get('/api/v1/pods', never);
  expect(asked).toEqual(['impersonate-group', 'a', 'impersonate-group', 'b']);
});

/** Its port. */
async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function clientOfServer(port: number, headers: Access['headers'] = {}): ApiClient {
  const access = { url: `http://127.0.0.1:${port}`, tls: {}, headers };
  const metrics = { waited: () => {}, answered: () => {} };
  const credentials = { access: async () => access, refused: () => {} };
  const client = createApiClient(credentials, {}, { clock: fakeClock(), metrics, userAgent: 'x' });
  onTestFinished(() => client.close());
  return client;
}

test('requests are counted as in CoreDNS', async () => {
  const cluster = await watchedCluster({
    objects,
    failures: { times: 1, status: 503 },
    faulty: { resource: 'services' },
  });
  await cluster.later(() => expect(cluster.registry.synced).toBe(true));
  const host = `host=127.0.0.1:${cluster.api.port}`;
  expect(await cluster.metric('coredns_kubernetes_rest_client_requests_total')).toEqual({
    [`code=200,method=GET,${host}`]: 3,
    [`code=503,method=GET,${host}`]: 1,
  });
  const durations = await cluster.metric('coredns_kubernetes_rest_client_request_duration_seconds_count');
  expect(durations).toEqual({ [`verb=GET,${host}`]: 4 });
});
