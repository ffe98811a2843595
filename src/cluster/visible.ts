import type { RecordChange, RecordKinds } from '../registry/change.ts';
import { type Endpoint, type EndpointSlice, isSame, type Service } from '../registry/records.ts';
import { isWithoutReady } from './endpoints.ts';
import type { ClusterView } from './view.ts';

/** The part of each kind of record that answers of some zones depend on; undefined for none. A kind that is left out has no effect. */
export type Shown = { readonly [K in keyof RecordKinds]?: (record: RecordKinds[K]) => unknown };

/** Whether the change alters any answer; if not, the zones' serial stays. Called when lookups already see the change. */
export function isVisible({ kind, before, after }: RecordChange, shown: Shown): boolean {
  const show = shown[kind] as ((record: unknown) => unknown) | undefined;
  return show !== undefined && !isSame(before && show(before), after && show(after));
}

/** The parts of records that the zones of a view show. */
export function shownBy(view: ClusterView): Shown {
  const { options, services } = view;
  const service = (record: Service) => (view.exposes(record.namespace) ? shownOfService(record) : undefined);
  const slice = (record: EndpointSlice) => {
    if (options.noEndpoints || !view.exposes(record.namespace)) return undefined;
    const owner = services.service(record.namespace, record.service);
    return owner && owner.type !== 'ExternalName' ? shownOfSlice(record, view) : undefined;
  };
  const namespace = ({ name }: { readonly name: string }) => (view.mayExpose(name) ? name : undefined);
  if (view.rules === 'cluster-set') return { namespace, import: service, 'imported-slice': slice };
  return {
    ...{ namespace, service, slice },
    ...(options.pods === 'verified' && {
      pod: (record) => (view.exposes(record.namespace) ? record.ips : undefined),
    }),
  };
}

function shownOfService({ type, headless, clusterIPs, externalName, ports }: Service): unknown {
  return { isExternal: type === 'ExternalName', headless, clusterIPs, externalName, ports };
}

function shownOfSlice(slice: EndpointSlice, { options, services }: ClusterView): unknown {
  const { namespace, service, cluster, ports, endpoints, terminating = [] } = slice;
  const shown = ({ address, hostname, podName, zone }: Endpoint) => [
    address,
    hostname,
    options.endpointPodNames && podName,
    options.zonal && zone,
  ];
  const inPlace = options.terminating && isWithoutReady(services.slicesOf(namespace, service)) ? terminating : [];
  return { service, cluster, ports, endpoints: endpoints.map(shown), inPlace: inPlace.map(shown) };
}
