import { V1Service, type V1StatefulSet } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { type ClusterObject, type PodObject, type ServiceObject, startCluster } from './index.ts';

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
    // DNS does not use it, and the kit ignores it.
    { kind: 'ConfigMap', metadata: { name: 'web' }, data: {} },
    // @ts-expect-error: there is no such kind
    { kind: 'Servce', metadata: { name: 'web' } },
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
  expect([objects.length, policies.length]).toEqual([8, 4]);
});

test('objects of client-node are accepted, and the types of other objects are still checked', async () => {
  const service = new V1Service();
  service.metadata = { name: 'web', creationTimestamp: new Date(0) };
  service.spec = { clusterIP: '10.96.0.7', ports: [{ port: 80, targetPort: 8080 }] };
  const set: V1StatefulSet = {
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: { selector: { matchLabels: { app: 'db' } }, template: { metadata: { labels: { app: 'db' } } } },
  };
  const namespace = { kind: 'Namespace', metadata: { name: 'shop' } } as const;
  await using cluster = await startCluster({ objects: [namespace, service, set] });
  cluster.apply(service, namespace);
  cluster.delete(service);
  const wrong = [
    // @ts-expect-error: a Service has no such type
    () => cluster.apply({ kind: 'Service', metadata: { name: 'web' }, spec: { type: 'Clusterip' } }, service),
    // @ts-expect-error: there is no such kind
    () => cluster.delete({ kind: 'Servce', metadata: { name: 'web' } }),
    // @ts-expect-error: a port is a number
    () => startCluster({ objects: [{ kind: 'Service', metadata: { name: 'a' }, spec: { ports: [{ port: '80' }] } }] }),
  ];
  expect(wrong).toHaveLength(3);
});
