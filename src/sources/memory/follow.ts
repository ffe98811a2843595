import type { Registry } from '../../registry/registry.ts';
import { buildCluster, type ClusterOptions } from '../manifests/cluster.ts';
import { type ObjectStore, ObjectStoreError } from './object-store.ts';

/**
 * Keeps a registry equal to the objects of a store: when a change returns, the registry has it. Returns a function that ends it.
 *
 * @throws ObjectStoreError (a change does, too) for objects that a control plane could not handle, such as a service without a free cluster IP.
 */
export function followObjects(store: ObjectStore, options: ClusterOptions, registry: Registry): () => void {
  const load = () => {
    const cluster = buildCluster(store.manifests(), options);
    registry.replaceAll(cluster);
    registry.markSynced();
    if (cluster.problems.length > 0) throw new ObjectStoreError(cluster.problems.map(({ text }) => text).join('\n'));
  };
  load();
  return store.onChange(load);
}
