import { oneOf, TEXT } from '../base/check.ts';
import { CairnError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import { matchLabels } from '../registry/selector.ts';
import type { Workload } from '../sources/manifests/manifest.ts';
import { WORKLOAD_API_VERSIONS, type WorkloadKind } from '../sources/manifests/workload.ts';
import type { ObjectStore } from '../sources/memory/object-store.ts';
import { check } from './known-options.ts';
import type { ServedCluster } from './stand-ins.ts';

/**
 * A Deployment, StatefulSet, ReplicaSet or ReplicationController, as `NAME` (if only one workload has it), `NAMESPACE/NAME` (if only one kind has it) or
 * an object.
 */
export type WorkloadChoice =
  | string
  | { readonly name: string; readonly namespace?: string | undefined; readonly kind?: WorkloadKind | undefined };

/** The state of a pod. It is also a `PodChoice`. */
export interface PodStatus {
  readonly namespace: string;
  readonly name: string;
  /** One address of each family of the cluster's pods. */
  readonly addresses: readonly string[];
  readonly ready: boolean;
}

/** The methods of a cluster for Deployments, StatefulSets and other workloads. */
export function workloadViews(objects: ObjectStore, cluster: ServedCluster) {
  return {
    scale(choice: WorkloadChoice, replicas: number): void {
      objects.scale(findWorkload(objects.workloads(), choice), replicas);
    },
    podsOf(choice: WorkloadChoice): readonly PodStatus[] {
      const { namespace: within, selector } = findWorkload(objects.workloads(), choice);
      return cluster
        .pods()
        .filter(({ namespace, labels }) => namespace === within && matchLabels(selector, labels))
        .map(({ namespace, name, record, ready }) => ({ namespace, name, addresses: record?.ips ?? [], ready }))
        .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    },
  };
}

const FORMS = 'its name, or an object with `name`, such as { kind: "Deployment", namespace: "shop", name: "web" }';
const RULES = { kind: oneOf(Object.keys(WORKLOAD_API_VERSIONS)), namespace: TEXT, name: TEXT };

/** @throws CairnError for a workload that does not exist, or a name that several workloads have */
function findWorkload(workloads: readonly Workload[], choice: WorkloadChoice): Workload {
  if (typeof choice !== 'string') check.options('a workload', choice, RULES);
  const { namespace, name, kind } = typeof choice === 'string' ? namesIn(choice) : choice;
  if (name === undefined) throw new CairnError('CLUSTER', `say which workload: ${FORMS}`);
  const found = workloads.filter(
    (workload) =>
      workload.name === name &&
      (namespace === undefined || workload.namespace === namespace) &&
      (kind === undefined || workload.kind === kind),
  );
  if (found[0] && found.length === 1) return found[0];
  const wanted = namespace === undefined ? name : `${namespace}/${name}`;
  if (found.length > 1) {
    const names = found.map((one) => `${one.kind} ${one.namespace}/${one.name}`).join(' and ');
    throw new CairnError('CLUSTER', `"${wanted}" may be ${names}: say { kind, namespace, name }`);
  }
  const known = workloads.map((one) => (namespace === undefined ? one.name : `${one.namespace}/${one.name}`));
  const what = kind ?? 'Deployment, StatefulSet or ReplicaSet';
  throw new CairnError('CLUSTER', `the cluster has no ${what} ${wanted}${didYouMean(wanted, known)}`);
}

function namesIn(text: string): Exclude<WorkloadChoice, string> {
  const slash = text.indexOf('/');
  return slash === -1 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
