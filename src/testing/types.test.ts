import { expect, test } from 'vitest';
import type { ClusterObject, PodObject, ServiceObject } from './index.ts';

/** `tsc` is what judges these: an expected error that does not come is one. */
test('objects are checked and completed by their kind', () => {
  const service: ServiceObject = {
    kind: 'Service',
    metadata: { name: 'web', annotations: {} },
    spec: { ports: [{ port: 80 }] },
  };
  const objects: ClusterObject[] = [
    service,
    { kind: 'Pod', metadata: { name: 'a' }, status: { podIP: '10.244.0.1', hostIP: '192.0.2.1' } },
    // @ts-expect-error: a Service has no such type
    { kind: 'Service', metadata: { name: 'web' }, spec: { type: 'Clusterip' } },
    // @ts-expect-error: every object has a name
    { kind: 'Pod', metadata: { namespace: 'shop' } },
    // @ts-expect-error: DNS is not made of DaemonSets
    { kind: 'DaemonSet', metadata: { name: 'web' } },
    // @ts-expect-error: a port is a number
    { kind: 'Service', metadata: { name: 'web' }, spec: { ports: [{ port: '80' }] } },
    // @ts-expect-error: an EndpointSlice is of another API
    { kind: 'EndpointSlice', apiVersion: 'v1', metadata: { name: 'web' } },
  ];
  const policies: NonNullable<NonNullable<PodObject['spec']>['dnsPolicy']>[] = [
    'ClusterFirst',
    'ClusterFirstWithHostNet',
    'Default',
    'None',
  ];
  expect([objects.length, policies.length]).toEqual([7, 4]);
});
