import { request as httpsRequest } from 'node:https';
import { describe, expect, test } from 'vitest';
import { certificate, otherCertificate } from '../certificate.ts';
import { fakeClock } from '../clock.ts';
import { until } from '../turns.ts';
import { get, names, namespace, openWatch, service, testApi } from './client.ts';
import type { Switches } from './switches.ts';

const LIST = '/api/v1/services';
const WATCH = '/api/v1/services?watch=true&resourceVersion=3&allowWatchBookmarks=true';
const objects = [namespace('shop'), service('a')];

describe('requests that fail', () => {
  test.each<[Partial<Switches>, string]>([
    [{ failures: { times: 2, status: 500 } }, '500 500 200'],
    [{ failures: { times: 1, status: 429, retryAfterSeconds: 3 } }, '429/3 200 200'],
    [{ failures: { times: 1, status: 503 }, faulty: { resource: 'services' } }, '503 200 200'],
    [{ failures: { times: 1, status: 503 }, faulty: { verb: 'watch' } }, '200 200 200'],
    [{ failures: { times: 1, status: 503 }, faulty: { namespace: 'other' } }, '200 200 200'],
  ])('%j', async (switches, expected) => {
    const api = await testApi({ objects });
    await api.set(switches);
    const said: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { status, headers } = await get(api.url + LIST);
      said.push([status, headers.get('retry-after')].filter((part) => part !== null).join('/'));
    }
    expect(said.join(' ')).toBe(expected);
  });
});

describe('events that are not as they should be', () => {
  test.each<[Partial<Switches>, string]>([
    [{ duplicate: true }, 'ADDED b@4, ADDED b@4, ADDED c@5, ADDED c@5, BOOKMARK @5'],
    [{ swap: true }, 'ADDED c@5, ADDED b@4, BOOKMARK @5'],
    [{ bookmarksOnly: true }, 'BOOKMARK @5'],
    [{ bookmarksOnly: true, faulty: { resource: 'pods' } }, 'ADDED b@4, ADDED c@5, BOOKMARK @5'],
  ])('%j', async (switches, expected) => {
    const api = await testApi({ objects, ...switches });
    const watch = await openWatch(api.url + WATCH);
    api.put(service('b'));
    api.put(service('c'));
    api.watches[0]!.bookmark();
    expect(await watch.events(expected.split(', ').length)).toBe(expected);
  });

  test('a watch can be told anything', async () => {
    const api = await testApi({ objects });
    const watch = await openWatch(api.url + WATCH);
    api.watches[0]!.send('SURPRISE', { kind: 'Gizmo' });
    api.watches[0]!.send('ADDED', {});
    api.watches[0]!.expire();
    expect(await watch.line()).toBe('{"type":"SURPRISE","object":{"kind":"Gizmo"}}');
    expect(await watch.line()).toBe('{"type":"ADDED","object":{}}');
    expect(await watch.events(2)).toBe('ERROR 410 Expired, end');
  });

  test('half a line, then the end', async () => {
    const api = await testApi({ objects });
    const watch = await openWatch(api.url + WATCH);
    api.watches[0]!.write('{"type":"ADDED","obj');
    api.watches[0]!.end();
    expect(await watch.line()).toBe('{"type":"ADDED","obj');
    expect(await watch.line()).toBe(undefined);
  });

  test('a line, then a connection that closes in mid-stream', async () => {
    const api = await testApi({ objects });
    const watch = await openWatch(api.url + WATCH);
    api.put(service('b'));
    api.watches[0]!.reset();
    expect(await watch.events(1)).toBe('ADDED b@4');
    await expect(watch.line()).rejects.toThrow('terminated');
  });

  test('silence, and nothing that ends it', async () => {
    const api = await testApi({ objects });
    const watch = await openWatch(api.url + WATCH);
    await api.set({ silent: true });
    api.put(service('b'));
    api.watches[0]!.bookmark();
    await api.set({ silent: false });
    api.put(service('c'));
    expect(await watch.events(1)).toBe('ADDED c@5');
  });
});

describe('lists that are not as they should be', () => {
  test('end in mid-stream', async () => {
    const api = await testApi({ objects, cutAfter: 20 });
    await expect(get(api.url + LIST)).rejects.toThrow('terminated');
  });

  test('come in small pieces', async () => {
    const api = await testApi({ objects, dribble: { octets: 100, everyMs: 1 } });
    expect(names((await get(api.url + LIST)).body)).toBe('a');
  });

  test('hold what is no object', async () => {
    const api = await testApi({ objects, extraItems: ['{}', 'null'] });
    expect((await get(api.url + LIST)).body.items.slice(1)).toEqual([{}, null]);
  });

  test('come late', async () => {
    const clock = fakeClock();
    const api = await testApi({ objects, clock, latencyMs: 1000 });
    const reply = get(api.url + LIST);
    await until(() => clock.timers > 0);
    clock.advance(1000);
    expect(names((await reply).body)).toBe('a');
  });

  test('never come', async () => {
    const api = await testApi({ objects, silent: true });
    const controller = new AbortController();
    const reply = fetch(api.url + LIST, { signal: controller.signal });
    await until(() => api.requests.length > 0);
    controller.abort();
    await expect(reply).rejects.toThrow('aborted');
  });
});

test('connections are refused, and taken again at the same port', async () => {
  const api = await testApi({ objects });
  await api.set({ refuse: true });
  await expect(get(api.url + LIST)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  await api.set({ refuse: false });
  expect(names((await get(api.url + LIST)).body)).toBe('a');
});

describe('leave', () => {
  test('a token is taken until another takes its place', async () => {
    const api = await testApi({ objects, tokens: ['old'] });
    const ask = async (authorization?: string) =>
      (await get(api.url + LIST, authorization ? { authorization } : {})).status;
    expect([await ask(), await ask('Bearer old'), await ask('Bearer new')]).toEqual([401, 200, 401]);
    await api.set({ tokens: ['new'] });
    expect([await ask('Bearer old'), await ask('Bearer new'), await ask('Basic new')]).toEqual([401, 200, 401]);
  });

  test.each([
    ['/api/v1/services', 'cannot list resource "services" in API group "" at the cluster scope'],
    ['/api/v1/namespaces/shop/services', 'cannot list resource "services" in API group "" in the namespace "shop"'],
    ['/api/v1/services?watch=1', 'cannot watch resource "services" in API group "" at the cluster scope'],
    [
      '/apis/discovery.k8s.io/v1/endpointslices',
      'cannot list resource "endpointslices" in API group "discovery.k8s.io" at the cluster scope',
    ],
  ])('%s can be forbidden', async (path, what) => {
    const api = await testApi({ objects, tokens: ['t'], forbidden: [{}] });
    const { status, body } = await get(api.url + path, { authorization: 'Bearer t' });
    const [, resource] = /resource "(\w+)"/.exec(what)!;
    expect([status, body.reason]).toEqual([403, 'Forbidden']);
    expect(body.message).toBe(`${resource} is forbidden: User "system:serviceaccount:kube-system:coredns" ${what}`);
    await api.set({ forbidden: [{ resource: 'pods' }, { namespace: 'other' }, { verb: 'get' }] });
    expect((await fetch(api.url + path, { headers: { authorization: 'Bearer t' } })).status).toBe(200);
  });

  test('a resource that nobody defined is not found', async () => {
    const api = await testApi({ missing: ['serviceimports'] });
    expect((await get(`${api.url}/apis/multicluster.x-k8s.io/v1alpha1/serviceimports`)).status).toBe(404);
  });
});

describe('over TLS', () => {
  interface Client {
    readonly cert?: Buffer;
    readonly key?: Buffer;
    readonly ca: string | Buffer;
  }
  const ask = (url: string, client: Client) =>
    new Promise<number>((resolve, reject) => {
      httpsRequest(url, { ...client, agent: false }, (response) => resolve(response.resume().statusCode!))
        .on('error', reject)
        .end();
    });

  test('a client with a trusted certificate needs no token', async () => {
    const api = await testApi({ objects, tls: certificate, clientCa: otherCertificate.cert, tokens: ['t'] });
    const { ca } = api;
    expect(api.url).toMatch(/^https:/);
    expect(await ask(api.url + LIST, { ca })).toBe(401);
    expect(await ask(api.url + LIST, { ca, ...certificate })).toBe(401);
    expect(await ask(api.url + LIST, { ca, ...otherCertificate })).toBe(200);
    expect(api.requests.map((request) => request.certificate)).toEqual([undefined, undefined, 'localhost']);
  });

  test('the certificate can be replaced', async () => {
    const api = await testApi({ objects, tls: certificate });
    const { ca } = api;
    api.setCertificate(otherCertificate);
    await expect(ask(api.url + LIST, { ca })).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(await ask(api.url + LIST, { ca: api.ca })).toBe(200);
  });
});

test('remembers what was asked', async () => {
  const api = await testApi();
  await get(`${api.url}${LIST}?limit=5`, { 'user-agent': 'test', authorization: 'Bearer x' });
  expect(api.requests).toEqual([
    {
      ...{ method: 'GET', path: LIST, query: { limit: '5' }, userAgent: 'test' },
      ...{ authorization: 'Bearer x', accept: '*/*' },
    },
  ]);
  expect((await fetch(api.url + LIST, { method: 'DELETE' })).status).toBe(405);
});
