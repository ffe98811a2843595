import type { Endpoint, EndpointSlice, Service } from '../../registry/records.ts';
import type { RecordChange } from '../../registry/registry.ts';
import { isSame } from '../../registry/same.ts';
import type { Cluster } from './cluster.ts';

/** Whether any answer differs from what it was before the change: if not, the zones' serial stays. */
export function isVisible(cluster: Cluster, change: RecordChange): boolean {
  const { registry, options } = cluster;
  switch (change.kind) {
    case 'namespace':
      return cluster.mayExpose((change.after ?? change.before)!.name);
    case 'service':
      return exposes(cluster, change) && differs(change, shownOfService);
    case 'slice': {
      const { namespace, service } = (change.after ?? change.before)!;
      if (options.noEndpoints || !exposes(cluster, change)) return false;
      const moved = change.before !== undefined && change.before.service !== service;
      if (!moved && registry.service(namespace, service) === undefined) return false;
      return differs(change, (slice) => shownOfSlice(slice, cluster));
    }
    case 'pod':
      return options.pods === 'verified' && exposes(cluster, change) && differs(change, ({ ips }) => ips);
  }
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

function shownOfSlice({ service, ports, endpoints }: EndpointSlice, { options }: Cluster): unknown {
  const shown = ({ addresses, hostname, podName, zone }: Endpoint) => [
    addresses,
    hostname,
    options.endpointPodNames && podName,
    options.zonal && zone,
  ];
  return { service, ports, endpoints: endpoints.map(shown) };
}
