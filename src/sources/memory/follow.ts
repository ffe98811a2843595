import type { Registry } from '../../registry/registry.ts';
import { buildCluster, type Cluster, type ClusterOptions } from '../manifests/cluster.ts';
import type { PodManifest } from '../manifests/pod.ts';
import { type ObjectStore, ObjectStoreError } from './object-store.ts';

/** A registry that is kept equal to a store. */
export interface Following {
  /** All pods that there are now, with those that are made. */
  pods(): readonly PodManifest[];
  stop(): void;
}

/**
 * Keeps a registry equal to the objects of a store: when a change returns, it is there.
 *
 * @throws ObjectStoreError (a change does, too) for objects that a control plane could not do justice to, such as a service without a free cluster IP.
 */
export function followObjects(store: ObjectStore, options: ClusterOptions, registry: Registry): Following {
  let cluster: Cluster;
  const load = () => {
    cluster = buildCluster(store.manifests(), options);
    registry.replaceAll(cluster);
    registry.markSynced();
    if (cluster.problems.length > 0) throw new ObjectStoreError(cluster.problems.map(({ text }) => text).join('\n'));
  };
  load();
  return { pods: () => cluster.podManifests, stop: store.onChange(load) };
}
