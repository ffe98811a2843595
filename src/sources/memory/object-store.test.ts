import { describe, expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { parsePrefix } from '../../dns/ip.ts';
import { Registry } from '../../registry/registry.ts';
import { followObjects } from './follow.ts';
import { createObjectStore, readObjects } from './object-store.ts';

const pod = (name: string, status: object = { podIP: '10.244.0.1' }, namespace = 'shop') => ({
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: 'db' } },
  status,
});
const service = (name: string, spec: object = {}, namespace = 'shop') => ({
  kind: 'Service',
  metadata: { name, namespace },
  spec: { selector: { app: 'db' }, ports: [{ name: 'pg', port: 5432 }], ...spec },
});

/** A store with these objects and the registry that follows it. */
function setup(...objects: object[]) {
  const store = createObjectStore();
  const registry = new Registry(fakeClock());
  store.add(objects.flatMap((object, i) => readObjects(object, `objects[${i}]`)));
  const { stop } = followObjects(store, { serviceCidrs: [parsePrefix('10.96.0.0/30')!] }, registry);
  const endpoints = () =>
    registry.slicesOf('shop', 'db').flatMap((slice) => slice.endpoints.map(({ address }) => address));
  return { store, registry, stop, endpoints };
}

test('what is applied is in the registry when apply returns, with what a control plane adds', () => {
  const { store, registry, endpoints } = setup(service('db'));
  expect(registry.synced).toBe(true);
  expect(registry.service('shop', 'db')!.clusterIPs).toEqual([expect.stringMatching(/^10\.96\.0\.[12]$/)]);
  expect(endpoints()).toEqual([]);
  store.apply([pod('db-0'), pod('db-1', { podIP: '10.244.0.2' })]);
  expect(endpoints()).toEqual(['10.244.0.1', '10.244.0.2']);
  store.apply([pod('db-0', { podIP: '10.244.0.9' })]);
  expect(endpoints().sort()).toEqual(['10.244.0.2', '10.244.0.9']);
});

test('objects that declare names come and go, also those without a namespace', () => {
  const { store, registry } = setup();
  const ingress = (host: string) => ({ kind: 'Ingress', metadata: { name: 'web' }, spec: { rules: [{ host }] } });
  const node = {
    kind: 'Node',
    metadata: { name: 'n1' },
    status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
  };
  store.apply([ingress('a.example'), node]);
  expect(registry.declared.get('ingress', 'default', 'web')?.hosts).toEqual(['a.example.']);
  store.apply([{ apiVersion: 'extensions/v1beta1', ...ingress('b.example') }]);
  expect(registry.declared.get('ingress', 'default', 'web')?.hosts).toEqual(['b.example.']);
  expect([...registry.declared.all('node')]).toEqual([{ name: 'n1', internal: ['10.0.0.1'], external: [] }]);
  expect([...registry.namespaces()].map(({ name }) => name)).toEqual(['default']);
  store.delete([node, ingress('')]);
  expect([registry.declared.count('node'), registry.declared.count('ingress')]).toEqual([0, 0]);
});

test('a List brings its items', () => {
  const { store, registry } = setup();
  store.apply([{ apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', ...service('db') }] }]);
  expect(registry.service('shop', 'db')).toBeDefined();
});

test('a pod is an endpoint only while it is ready', () => {
  const { store, endpoints } = setup(service('db'), pod('db-0'));
  store.setReady('shop', 'db-0', false);
  expect(endpoints()).toEqual([]);
  store.setReady('shop', 'db-0', true);
  expect(endpoints()).toEqual(['10.244.0.1']);
});

test('a namespace goes with all that is in it', () => {
  const { store, registry } = setup({ kind: 'Namespace', metadata: { name: 'shop' } }, service('db'), pod('db-0'));
  store.apply([service('web', {}, 'other')]);
  store.delete([{ kind: 'Namespace', metadata: { name: 'shop' } }]);
  expect(registry.counts()).toMatchObject({ namespaces: 1, services: 1, pods: 0 });
});

test('a registry that is told to stop stays as it is', () => {
  const { store, registry, stop } = setup();
  stop();
  store.apply([service('db')]);
  expect(registry.counts().services).toBe(0);
});

describe('errors', () => {
  test('two objects of one name, with their places', () => {
    expect(() => setup(service('db'), pod('db'), service('db'))).toThrow(
      'Service shop/db is at objects[0] and at objects[2]: remove one of them',
    );
  });

  test.each([
    [
      { kind: 'Service', metadata: { namespace: 'shop' } },
      /^an applied object: Service shop: metadata\.name is missing/,
    ],
    [{ metadata: { name: 'db' } }, /has no apiVersion and kind: this is not a Kubernetes object/],
    [Object.create(null), /has no apiVersion and kind: this is not a Kubernetes object/],
    [undefined, /^an applied object: is undefined, where a Kubernetes object should be/],
    [service('db', { ports: [{ port: 0 }] }), /Service shop\/db: spec\.ports\[0\]\.port is 0, it should be a number/],
    [
      { kind: 'Servce', metadata: { name: 'web' } },
      /^an applied object: Servce web: kind is unknown; did you mean Service\?$/,
    ],
    [
      { apiVersion: 'v1', kind: 'statefulset', metadata: { name: 'db' } },
      /statefulset db: kind is unknown; did you mean StatefulSet\?$/,
    ],
    [{ kind: 'Widget', metadata: { name: 'a' } }, /has no apiVersion and kind: this is not a Kubernetes object/],
    [
      { apiVersion: 'v2', kind: 'Service', metadata: { name: 'web' } },
      /Service web: apiVersion is "v2", it should be v1$/,
    ],
  ])('%j cannot be applied', (object, message) => {
    const { store, registry } = setup();
    expect(() => store.apply([pod('db-0'), object])).toThrow(message);
    expect(registry.counts().pods).toBe(0);
  });

  test.each([
    { kind: 'ConfigMap', metadata: { name: 'a' } },
    { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'a' } },
    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'a' } },
    { apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: { name: 'a' } },
    { apiVersion: 'example.org/v1', kind: 'Servce', metadata: { name: 'a' } },
  ])('%j is of no use for DNS, and is ignored', (object) => {
    const { store, registry } = setup();
    const before = [...store.manifests()].length;
    store.apply([object, pod('db-0')]);
    expect([...store.manifests()]).toHaveLength(before + 1);
    store.delete([{ kind: 'ConfigMap', metadata: { name: 'a' } }]);
    expect(registry.counts().pods).toBe(1);
  });

  test.each([
    [{ kind: 'Pod', metadata: { name: 'db-0' } }, 'Pod default/db-0 is not in the cluster: there is Pod shop/db-0'],
    [
      { kind: 'Pod', metadata: { name: 'db-o', namespace: 'shop' } },
      'Pod shop/db-o is not in the cluster; did you mean Pod shop/db-0?',
    ],
    [{ kind: 'Service', metadata: { name: 'db-0' } }, 'Service default/db-0 is not in the cluster'],
    [{ metadata: { name: 'db-0' } }, 'an object to delete has no kind, such as Pod'],
  ])('%j cannot be deleted', (reference, message) => {
    const { store, registry } = setup(service('db'), pod('db-0'));
    const good = { kind: 'Service', metadata: { name: 'db', namespace: 'shop' } };
    expect(() => store.delete([good, reference])).toThrow(message);
    expect(registry.counts()).toMatchObject({ services: 1, pods: 1 });
  });

  test('a pod without an address cannot become ready', () => {
    const { store } = setup(pod('db-0', {}));
    expect(() => store.setReady('shop', 'db-0', true)).toThrow('Pod shop/db-0 has no address: give it status.podIP');
    expect(() => store.setReady('shop', 'db-1', true)).toThrow(/Pod shop\/db-1 is not in the cluster/);
  });

  test.each([
    [
      {
        kind: 'EndpointSlice',
        metadata: { name: 'db-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'db' } },
      },
      'EndpointSlice shop/db-x',
    ],
    [{ kind: 'Endpoints', metadata: { name: 'db', namespace: 'shop' } }, 'Endpoints shop/db'],
  ])('a pod cannot become ready where endpoints do not follow from pods: %j', (given, name) => {
    const { store } = setup(service('db'), pod('db-0'), given);
    expect(() => store.setReady('shop', 'db-0', false)).toThrow(
      `the endpoints of Service shop/db are in ${name}: apply that instead`,
    );
  });

  test('a change that the control plane would refuse is not made', () => {
    const { store, registry } = setup(service('a'), service('b'));
    expect(() => store.apply([service('c')])).toThrow(
      /gets no cluster IP: all IPv4 addresses of service_cidr are taken/,
    );
    expect(registry.counts().services).toBe(2);
  });
});
