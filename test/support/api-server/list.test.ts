import { describe, expect, test } from 'vitest';
import { get, names, namespace, pod, service, slice, testApi } from './client.ts';

const objects = [
  namespace('shop'),
  service('web', 'shop', { tier: 'front' }),
  service('db', 'shop', { tier: 'back' }),
  service('web', 'other'),
  pod('up', 'Running'),
  pod('done', 'Succeeded'),
  pod('new'),
  slice('web-1'),
];

describe('what is listed', () => {
  test.each([
    ['/api/v1/services', 'web db web'],
    ['/api/v1/namespaces/shop/services', 'db web'],
    ['/api/v1/namespaces/none/services', ''],
    ['/api/v1/namespaces', 'shop'],
    ['/api/v1/pods', 'done new up'],
    ['/apis/discovery.k8s.io/v1/endpointslices', 'web-1'],
    ['/apis/multicluster.x-k8s.io/v1beta1/serviceimports', ''],
    ['/api/v1/services?labelSelector=tier', 'db web'],
    ['/api/v1/services?labelSelector=tier%20in%20(front)', 'web'],
    ['/api/v1/services?labelSelector=tier!%3Dfront', 'web db'],
    ['/api/v1/namespaces?labelSelector=kubernetes.io/metadata.name%3Dshop', 'shop'],
    ['/api/v1/services?fieldSelector=metadata.name%3Dweb', 'web web'],
    ['/api/v1/services?fieldSelector=metadata.name%3Dweb,metadata.namespace!%3Dshop', 'web'],
    ['/api/v1/pods?fieldSelector=status.phase!%3DSucceeded,status.phase!%3DFailed', 'new up'],
    ['/api/v1/pods?fieldSelector=status.phase%3D%3DPending', 'new'],
    ['/api/v1/services?limit=2', 'web db'],
    ['/api/v1/services?limit=2&resourceVersion=0', 'web db web'],
    ['/api/v1/services?resourceVersion=5&resourceVersionMatch=NotOlderThan', 'web db web'],
    ['/api/v1/services?resourceVersion=9&resourceVersionMatch=Exact', 'web db web'],
  ])('%s', async (path, expected) => {
    const { url } = await testApi({ objects });
    expect(names((await get(url + path)).body)).toBe(expected);
  });
});

test('says what it is, at which version, and leaves kind and version out of the items', async () => {
  const { url, resourceVersion } = await testApi({ objects });
  const { body, headers } = await get(`${url}/apis/discovery.k8s.io/v1/endpointslices`);
  expect(headers.get('content-type')).toBe('application/json');
  expect(body).toMatchObject({ kind: 'EndpointSliceList', apiVersion: 'discovery.k8s.io/v1' });
  expect(body.metadata).toEqual({ resourceVersion: String(resourceVersion) });
  expect(body.items[0]).toEqual({
    metadata: {
      uid: 'EndpointSlice/shop/web-1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      name: 'web-1',
      namespace: 'shop',
      resourceVersion: '9',
    },
    addressType: 'IPv4',
    endpoints: [],
  });
});

test('gives a single object', async () => {
  const { url } = await testApi({ objects });
  const { body } = await get(`${url}/api/v1/namespaces/shop/services/db`);
  expect(body).toMatchObject({ kind: 'Service', apiVersion: 'v1', metadata: { name: 'db' } });
});

describe('refuses', () => {
  test.each([
    ['/api/v1/configmaps', 404, '404 page not found'],
    ['/apis/discovery.k8s.io/v1beta1/endpointslices', 404, '404 page not found'],
    ['/version', 404, '404 page not found'],
    ['/api/v1/namespaces/shop/services/none', 404, 'services "none" not found'],
    ['/api/v1/services?labelSelector=a%20b', 400, ''],
    ['/api/v1/services?fieldSelector=spec.type%3Dx', 400, 'field label not supported: spec.type'],
    ['/api/v1/services?resourceVersion=x', 400, 'Invalid value: resourceVersion'],
    ['/api/v1/services?resourceVersion=99', 504, 'Too large resource version: 99, current: 9'],
    ['/api/v1/services?resourceVersion=1&resourceVersionMatch=Exact', 410, 'too old resource version: 1 (1)'],
    ['/api/v1/services?resourceVersionMatch=Exact', 422, 'forbidden unless resourceVersion is provided'],
    ['/api/v1/services?resourceVersion=0&resourceVersionMatch=Exact', 422, 'forbidden for resourceVersion "0"'],
    ['/api/v1/services?resourceVersion=1&resourceVersionMatch=x', 422, 'supported values'],
    ['/api/v1/services?sendInitialEvents=true', 422, 'forbidden for list'],
    ['/api/v1/services?continue=!', 400, 'continue key is not valid'],
    ['/api/v1/services?continue=e30&resourceVersion=3', 400, 'not allowed when using continue'],
  ])('%s: %i', async (path, status, message) => {
    const { url } = await testApi({ objects });
    const reply = await get(url + path);
    expect([reply.status, reply.text]).toEqual([status, expect.stringContaining(JSON.stringify(message).slice(1, -1))]);
  });
});

describe('pages', () => {
  const many = Array.from({ length: 5 }, (_, i) => service(`s-${i}`));

  test('go on at the version of the first, whatever happened since', async () => {
    const api = await testApi({ objects: many });
    const list = `${api.url}/api/v1/services?limit=2`;
    const first = await get(list);
    expect(first.body.metadata).toMatchObject({ resourceVersion: '6', remainingItemCount: 3 });
    api.remove('Service', 'shop', 's-3');
    api.put(service('s-9'));
    const second = await get(`${list}&continue=${first.body.metadata.continue}`);
    const third = await get(`${list}&continue=${second.body.metadata.continue}`);
    expect([first, second, third].map(({ body }) => names(body))).toEqual(['s-0 s-1', 's-2 s-3', 's-4']);
    expect(third.body.metadata).toEqual({ resourceVersion: '6' });
  });

  test('that are too old get 410 and a token for what there is now', async () => {
    const api = await testApi({ objects: many });
    const list = `${api.url}/api/v1/services?limit=2`;
    const first = await get(list);
    api.remove('Service', 'shop', 's-2');
    api.compact();
    const expired = await get(`${list}&continue=${first.body.metadata.continue}`);
    expect(expired.body).toMatchObject({ code: 410, reason: 'Expired' });
    const rest = await get(`${list}&continue=${expired.body.metadata.continue}`);
    expect(names(rest.body)).toBe('s-3 s-4');
  });

  test('of a list at version 0, where the server can do that', async () => {
    const api = await testApi({ objects: many, pagesAtZero: true });
    expect(names((await get(`${api.url}/api/v1/services?limit=2&resourceVersion=0`)).body)).toBe('s-0 s-1');
  });

  test('are not served from before a change', async () => {
    const api = await testApi({ objects: many });
    await get(`${api.url}/api/v1/services`);
    api.put(service('s-9'));
    expect(names((await get(`${api.url}/api/v1/services`)).body)).toBe('s-0 s-1 s-2 s-3 s-4 s-9');
  });
});

test('what is put as it was changes nothing; what replaces everything changes only what differs', async () => {
  const api = await testApi({ objects: [namespace('shop'), service('a'), service('b')] });
  expect(api.resourceVersion).toBe(4);
  api.put(service('a'));
  expect(api.resourceVersion).toBe(4);
  api.replace([namespace('shop'), service('a'), service('c')]);
  expect(api.resourceVersion).toBe(6);
  expect(names((await get(`${api.url}/api/v1/services`)).body)).toBe('a c');
});

test('gives the metadata of objects alone to those who want no more', async () => {
  const api = await testApi({ objects: [service('web')] });
  const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
  const { body } = await get(`${api.url}/api/v1/services?limit=1`, { accept });
  expect(body).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
  expect(body.metadata.resourceVersion).toBeDefined();
  const [item] = body.items;
  expect(Object.keys(item!).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
  expect(item).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'web', namespace: 'shop' } });
});

test('compresses long lists for those who accept it', async () => {
  const objects = Array.from({ length: 1000 }, (_, i) => service(`s-${i}`));
  const api = await testApi({ objects, gzip: true });
  const { headers, body } = await get(`${api.url}/api/v1/services`, { 'accept-encoding': 'gzip' });
  expect([headers.get('content-encoding'), body.items.length]).toEqual(['gzip', 1000]);
});

test('a kind that is not served is a mistake of the test', async () => {
  const api = await testApi();
  expect(() => api.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'n' } })).toThrow(
    'no such kind here: ConfigMap',
  );
});
