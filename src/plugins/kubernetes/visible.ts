import type { RecordChange } from '../../registry/change.ts';
import type { Endpoint, EndpointSlice, Service } from '../../registry/records.ts';
import { isSame } from '../../registry/same.ts';
import type { Cluster } from './cluster.ts';

/** Whether any answer of the view's zones differs from what it was before the change: if not, their serial stays. */
export function isVisible(cluster: Cluster, change: RecordChange): boolean {
  switch (change.kind) {
    case 'namespace':
      return cluster.mayExpose((change.after ?? change.before)!.name);
    case 'service':
    case 'import':
      return isOf(cluster, change.kind) && exposes(cluster, change) && differs(change, shownOfService);
    case 'slice':
    case 'imported-slice':
      return isOf(cluster, change.kind) && isSliceVisible(cluster, change);
    case 'pod':
      return cluster.options.pods === 'verified' && exposes(cluster, change) && differs(change, ({ ips }) => ips);
  }
}

/** Whether the view shows records of this kind: those of the cluster, or those of the cluster set. */
function isOf({ rules }: Cluster, kind: 'service' | 'import' | 'slice' | 'imported-slice'): boolean {
  return (rules === 'cluster-set') === (kind === 'import' || kind === 'imported-slice');
}

function isSliceVisible(
  cluster: Cluster,
  change: { before: EndpointSlice | undefined; after: EndpointSlice | undefined },
) {
  if (cluster.options.noEndpoints || !exposes(cluster, change)) return false;
  const { before, after } = change;
  const isReached = (slice: EndpointSlice | undefined) => {
    const service = slice && cluster.services.service(slice.namespace, slice.service);
    return service !== undefined && service.type !== 'ExternalName';
  };
  return (isReached(before) || isReached(after)) && differs(change, (slice) => shownOfSlice(slice, cluster));
}

interface Placed {
  readonly namespace: string;
}

function exposes(cluster: Cluster, { before, after }: { before: Placed | undefined; after: Placed | undefined }) {
  return cluster.exposes((after ?? before)!.namespace);
}

/** Whether what is shown of the two records is not the same; a record that comes or goes always differs. */
function differs<T>({ before, after }: { before: T | undefined; after: T | undefined }, shown: (record: T) => unknown) {
  return before === undefined || after === undefined || !isSame(shown(before), shown(after));
}

function shownOfService({ type, headless, clusterIPs, externalName, ports }: Service): unknown {
  return { isExternal: type === 'ExternalName', headless, clusterIPs, externalName, ports };
}

function shownOfSlice({ service, cluster, ports, endpoints }: EndpointSlice, { options }: Cluster): unknown {
  const shown = ({ address, hostname, podName, zone }: Endpoint) => [
    address,
    hostname,
    options.endpointPodNames && podName,
    options.zonal && zone,
  ];
  return { service, cluster, ports, endpoints: endpoints.map(shown) };
}
