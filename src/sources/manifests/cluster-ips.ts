import type { Prefix } from '../../dns/ip.ts';
import { AddressPool, hashOf } from './address-pool.ts';
import type { Family, ServiceManifest } from './manifest.ts';

/** The addresses of the services that got some, and why others got none. */
interface Allocation {
  readonly clusterIPs: ReadonlyMap<ServiceManifest, readonly string[]>;
  readonly failures: readonly { readonly service: ServiceManifest; readonly problem: string }[];
}

/** Whether the service should have a cluster IP, but has none. */
export function lacksClusterIP({ record }: ServiceManifest): boolean {
  return record.type !== 'ExternalName' && !record.headless && record.clusterIPs.length === 0;
}

/**
 * Gives cluster IPs to the services that lack them.
 *
 * A hash of the service's namespace and name gives a place in the network, and the service gets the next free address from there on. Services get
 * their addresses in the order of their names. So an address is the same after every start and for every order of files; it depends on other services
 * only if its place is taken. As in Kubernetes, a service has one address, of the first network's family, unless it asks for more.
 */
export function allocateClusterIPs(services: readonly ServiceManifest[], cidrs: readonly Prefix[]): Allocation {
  const pools = cidrs.map((cidr) => new AddressPool(cidr));
  for (const ip of services.flatMap(({ record }) => record.clusterIPs)) for (const pool of pools) pool.occupy(ip);
  const clusterIPs = new Map<ServiceManifest, readonly string[]>();
  const failures: { service: ServiceManifest; problem: string }[] = [];
  for (const service of services.filter(lacksClusterIP).sort(byName)) {
    const allocated = wantedFamilies(service, familiesOf(pools)).map((family) => take(service, family, pools));
    clusterIPs.set(
      service,
      allocated.flatMap(({ ip }) => ip ?? []),
    );
    failures.push(...allocated.flatMap(({ problem }) => (problem === undefined ? [] : [{ service, problem }])));
  }
  return { clusterIPs, failures };
}

function take(service: ServiceManifest, family: Family, pools: AddressPool[]): { ip?: string; problem?: string } {
  const ofFamily = pools.filter((pool) => pool.family === family);
  if (ofFamily.length === 0) return { problem: `service_cidr has no ${family} network` };
  const hash = hashOf(`${service.namespace}/${service.name}`);
  for (const pool of ofFamily) {
    const ip = pool.take(hash);
    if (ip !== undefined) return { ip };
  }
  return { problem: `all ${family} addresses of service_cidr are taken: give it a larger network` };
}

function familiesOf(pools: readonly AddressPool[]): Family[] {
  return [...new Set(pools.map((pool) => pool.family))];
}

/** The families that the API server would give a service without cluster IPs; `available` are those of the service networks. */
export function wantedFamilies({ families, dualStack }: ServiceManifest, available: readonly Family[]): Family[] {
  if (!dualStack) return (families.length > 0 ? families : available).slice(0, 1);
  return [...new Set([...families, ...available])];
}

function byName(a: ServiceManifest, b: ServiceManifest): number {
  const [left, right] = [`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
