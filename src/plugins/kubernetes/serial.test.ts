import { describe, expect, test } from 'vitest';
import { addToCluster } from '../../../test/support/cluster.ts';
import { kubernetes } from '../../../test/support/kubernetes.ts';
import type { Registry } from '../../registry/registry.ts';

const CLUSTER = `
namespace shop
namespace other
service shop/web 10.0.0.1 http:tcp:80
headless shop/db
slice shop/db pg:tcp:5432 10.1.1.1~p-0@eu-1
external shop/out example.org
pod shop/job 10.9.0.1 app=a
`;

const slice = (registry: Registry) => [...registry.slices()][0]!;
const endpoint = (registry: Registry) => slice(registry).endpoints[0]!;

/** Adds objects, or changes them by hand. */
type Change = string | ((registry: Registry) => void);

function stepOf(options: string, change: Change): number {
  const { ask, registry } = kubernetes({ options, cluster: CLUSTER });
  const serial = () => (ask('cluster.local. SOA').answer[0]!.data as { serial: number }).serial;
  const before = serial();
  if (typeof change === 'string') addToCluster(registry, change);
  else change(registry);
  return serial() - before;
}

describe('the serial moves', () => {
  test.each<[string, string, Change]>([
    ['a service comes', '', 'service shop/new 10.0.0.9'],
    ['a service goes', '', (registry) => registry.deleteService('shop', 'web')],
    ['a cluster IP', '', 'service shop/web 10.0.0.2 http:tcp:80'],
    ['a port', '', 'service shop/web 10.0.0.1 http:tcp:81'],
    ['a type', '', 'external shop/web example.org'],
    ['a headless service', '', 'headless shop/web'],
    ['a namespace comes', '', 'namespace new'],
    ['a namespace goes', '', (registry) => registry.deleteNamespace('other')],
    ['endpoints come', '', 'slice shop/web http:tcp:80 10.1.0.1'],
    ['endpoints go', '', (registry) => registry.setSlice({ ...slice(registry), endpoints: [] })],
    [
      'a slice moves to a service that is not there',
      '',
      (registry) => registry.setSlice({ ...slice(registry), service: 'x' }),
    ],
    [
      'a host name',
      '',
      (registry) => registry.setSlice({ ...slice(registry), endpoints: [{ ...endpoint(registry), hostname: 'a' }] }),
    ],
    [
      'the name of a pod',
      'endpoint_pod_names',
      (registry) => registry.setSlice({ ...slice(registry), endpoints: [{ ...endpoint(registry), podName: 'a' }] }),
    ],
    [
      'a topology zone',
      'zonal',
      (registry) => registry.setSlice({ ...slice(registry), endpoints: [{ ...endpoint(registry), zone: 'eu-2' }] }),
    ],
    ['a pod', 'pods verified', 'pod shop/job 10.9.0.2'],
  ])('with %s, "%s"', (_, options, change) => {
    expect(stepOf(options, change)).toBe(1);
  });
});

describe('the serial stays', () => {
  test.each<[string, string, Change]>([
    ['what is there already', '', CLUSTER.replace(/^slice.*$/m, '')],
    [
      'a type that no answer shows',
      '',
      (registry) => registry.setService({ ...registry.service('shop', 'web')!, type: 'NodePort' }),
    ],
    [
      'an external address',
      '',
      (registry) => registry.setService({ ...registry.service('shop', 'web')!, externalIPs: ['192.0.2.1'] }),
    ],
    ['a service in a namespace that is not there', '', 'service hidden/web 10.0.0.9'],
    ['a service in a namespace that is not served', 'namespaces other', 'service shop/new 10.0.0.9'],
    ['a namespace that is not served', 'namespaces other', 'namespace new'],
    ['endpoints of an ExternalName service', '', 'slice shop/out - 10.1.0.1'],
    ['endpoints of a service that is not there', '', 'slice shop/missing - 10.1.0.1'],
    ['endpoints that are left out', 'noendpoints', 'slice shop/web - 10.1.0.1'],
    [
      'the name of a pod, the topology zone',
      '',
      (registry) =>
        registry.setSlice({
          ...slice(registry),
          endpoints: [{ ...endpoint(registry), podName: 'a', zone: 'eu-2' }],
        }),
    ],
    ['a pod', 'pods insecure', 'pod shop/job 10.9.0.2'],
    ['the labels of a pod', 'pods verified', 'pod shop/job 10.9.0.1 app=b'],
  ])('with %s, "%s"', (_, options, change) => {
    expect(stepOf(options, change)).toBe(0);
  });
});

describe('over a reload the serial', () => {
  const serialWith = (options: string, { env, registry }: Pick<ReturnType<typeof kubernetes>, 'env' | 'registry'>) => {
    const { ask } = kubernetes({ options, registry, kept: env.kept, clock: env.clock });
    return (ask('cluster.local. SOA').answer[0]!.data as { serial: number }).serial;
  };

  test.each([
    ['stays with the same options', 'ttl 10', 0],
    ['stays with options that no record shows', 'ttl 10\nfallthrough\nstartup_timeout 1s', 0],
    ['moves with others', 'ttl 11', 1],
  ])('%s', (_, options, step) => {
    const first = kubernetes({ options: 'ttl 10', cluster: CLUSTER });
    const before = serialWith('ttl 10', first);
    expect(serialWith(options, first) - before).toBe(step);
  });
});
