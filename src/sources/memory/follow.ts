import type { Registry } from '../../registry/registry.ts';
import { buildCluster, type Cluster, type ClusterOptions } from '../manifests/cluster.ts';
import type { PodManifest } from '../manifests/manifest.ts';
import { type ObjectStore, ObjectStoreError } from './object-store.ts';

/** The state of a registry that follows a store. */
interface Following {
  /** All current pods, including made pods. */
  pods(): readonly PodManifest[];
  stop(): void;
}

/**
 * Keeps a registry equal to the objects of a store: when a change returns, the registry has it.
 *
 * @throws ObjectStoreError (a change does, too) for objects that a control plane could not handle, such as a service without a free cluster IP.
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
