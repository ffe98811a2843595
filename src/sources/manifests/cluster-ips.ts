import { type IP, type Prefix, parseIP, prefixContains, printIP } from '../../dns/ip.ts';
import type { Family, ServiceManifest } from './manifest.ts';

/** Of a larger network only the first addresses are used. */
const MAX_HOST_BITS = 32;

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
  const pools = cidrs.map((cidr) => new Pool(cidr));
  for (const ip of services.flatMap(({ record }) => record.clusterIPs)) for (const pool of pools) pool.occupy(ip);
  const clusterIPs = new Map<ServiceManifest, readonly string[]>();
  const failures: { service: ServiceManifest; problem: string }[] = [];
  for (const service of services.filter(lacksClusterIP).sort(byName)) {
    const allocated = wantedFamilies(service, pools).map((family) => take(service, family, pools));
    clusterIPs.set(
      service,
      allocated.flatMap(({ ip }) => ip ?? []),
    );
    failures.push(...allocated.flatMap(({ problem }) => (problem === undefined ? [] : [{ service, problem }])));
  }
  return { clusterIPs, failures };
}

function take(service: ServiceManifest, family: Family, pools: Pool[]): { ip?: string; problem?: string } {
  const ofFamily = pools.filter((pool) => pool.family === family);
  if (ofFamily.length === 0) return { problem: `service_cidr has no ${family} network` };
  const hash = hashOf(`${service.namespace}/${service.name}`);
  for (const pool of ofFamily) {
    const ip = pool.take(hash);
    if (ip !== undefined) return { ip };
  }
  return { problem: `all ${family} addresses of service_cidr are taken: give it a larger network` };
}

function wantedFamilies({ families, dualStack }: ServiceManifest, pools: Pool[]): Family[] {
  const available = [...new Set(pools.map((pool) => pool.family))];
  if (!dualStack) return (families.length > 0 ? families : available).slice(0, 1);
  return [...new Set([...families, ...available])];
}

function byName(a: ServiceManifest, b: ServiceManifest): number {
  const [left, right] = [`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The addresses of one network. */
class Pool {
  readonly family: Family;
  private readonly cidr: Prefix;
  private readonly first: number;
  private readonly size: number;
  private readonly taken = new Set<string>();
  private exhausted = false;

  constructor(cidr: Prefix) {
    this.cidr = cidr;
    this.family = cidr.ip.length === 4 ? 'IPv4' : 'IPv6';
    const all = 2 ** Math.min(cidr.ip.length * 8 - cidr.bits, MAX_HOST_BITS);
    // As in Kubernetes, the address of the network and the last one, which is the broadcast address in IPv4, are not used.
    this.first = all > 2 ? 1 : 0;
    this.size = all > 2 ? all - 2 : all;
  }

  occupy(ip: string): void {
    if (prefixContains(this.cidr, parseIP(ip)!)) this.taken.add(ip);
  }

  /** The first free address at or after the place that the hash gives. */
  take(hash: number): string | undefined {
    for (let i = 0; i < this.size && !this.exhausted; i++) {
      const ip = printIP(addressAt(this.cidr, this.first + ((hash + i) % this.size)));
      if (this.taken.has(ip)) continue;
      this.taken.add(ip);
      return ip;
    }
    this.exhausted = true;
    return undefined;
  }
}

function addressAt({ ip }: Prefix, offset: number): IP {
  const address = Uint8Array.from(ip);
  for (let i = address.length - 1, rest = offset; rest > 0; i--, rest = Math.floor(rest / 256)) {
    address[i] = address[i]! + (rest % 256);
  }
  return address;
}

/** FNV-1a with 32 bits, mixed once more: otherwise names that differ only in their last letter would be neighbours. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const octet of new TextEncoder().encode(text)) hash = Math.imul(hash ^ octet, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
