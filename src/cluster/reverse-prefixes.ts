import { parseIP } from '../dns/ip.ts';
import type { RecordChange } from '../registry/change.ts';
import type { EndpointSlice, Service } from '../registry/records.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';

/** Says whether an address that PTR records stand at begins with these octets (family 4) or nibbles (family 6), and is longer. */
export type HasReversePrefix = (values: readonly number[], family: 4 | 6) => boolean;

/**
 * Tells the names above reverse names, which exist without records of their own (RFC 8020), from missing ones.
 *
 * `hasTargets` says whether PTR records stand at an address. All is counted when the first such name is asked for, and
 * kept up to date from then on; `stop` ends that.
 */
export function followReversePrefixes(
  registry: ReadonlyRegistry,
  hasTargets: (address: string) => boolean,
): { has: HasReversePrefix; stop(): void } {
  let counts: PrefixCounts | undefined;
  let unsubscribe = () => {};
  const begin = (): PrefixCounts => {
    const all = new PrefixCounts(hasTargets);
    for (const { clusterIPs } of registry.services()) all.look(clusterIPs);
    for (const slice of registry.slices()) all.look(addressesOf(slice));
    unsubscribe = registry.onRecord((change) => all.look(addressesIn(change, registry)));
    return all;
  };
  return {
    has(values, family) {
      counts ??= begin();
      return counts.has(family === 4 ? octetsKey(values) : nibblesKey(values));
    },
    stop: () => unsubscribe(),
  };
}

/** The addresses whose PTR records may be others after the change. */
function addressesIn({ kind, before, after }: RecordChange, registry: ReadonlyRegistry): string[] {
  switch (kind) {
    case 'namespace': {
      const { name } = (after ?? before)!;
      const services = [...registry.services()].filter(({ namespace }) => namespace === name);
      const slices = [...registry.slices()].filter(({ namespace }) => namespace === name);
      return [...services.flatMap(({ clusterIPs }) => clusterIPs), ...slices.flatMap(addressesOf)];
    }
    case 'service':
      return [before, after].flatMap((service) => (service ? addressesWith(service, registry) : []));
    case 'slice':
      return [before, after].flatMap((slice) => (slice ? addressesOf(slice) : []));
    default:
      return [];
  }
}

/** An endpoint has PTR records as long as its service is there. */
function addressesWith({ clusterIPs, namespace, name }: Service, registry: ReadonlyRegistry): string[] {
  return [...clusterIPs, ...registry.slicesOf(namespace, name).flatMap(addressesOf)];
}

function addressesOf({ endpoints }: EndpointSlice): string[] {
  return endpoints.map(({ address }) => address);
}

/** How many addresses with PTR records lie below each name on the way to their own. */
class PrefixCounts {
  private readonly hasTargets: (address: string) => boolean;
  private readonly counted = new Set<string>();
  private readonly counts = new Map<string, number>();

  constructor(hasTargets: (address: string) => boolean) {
    this.hasTargets = hasTargets;
  }

  has(key: string): boolean {
    return this.counts.has(key);
  }

  /** Looks again whether PTR records stand at these addresses. */
  look(addresses: readonly string[]): void {
    for (const address of addresses) {
      const isThere = this.hasTargets(address);
      if (isThere === this.counted.has(address)) continue;
      if (isThere) this.counted.add(address);
      else this.counted.delete(address);
      for (const key of keysOf(address)) this.count(key, isThere ? 1 : -1);
    }
  }

  private count(key: string, step: 1 | -1): void {
    const count = (this.counts.get(key) ?? 0) + step;
    if (count > 0) this.counts.set(key, count);
    else this.counts.delete(key);
  }
}

const octetsKey = (octets: readonly number[]): string => octets.map((octet) => `${octet}.`).join('');
const nibblesKey = (nibbles: readonly number[]): string => `:${nibbles.map((nibble) => nibble.toString(16)).join('')}`;

/** The keys of all names above an address's own reverse name. */
function keysOf(address: string): string[] {
  const ip = parseIP(address);
  if (!ip) return [];
  if (ip.length === 4) return [0, 1, 2, 3].map((length) => octetsKey([...ip.subarray(0, length)]));
  const whole = nibblesKey([...ip].flatMap((octet) => [octet >> 4, octet & 15]));
  return Array.from({ length: 32 }, (_, length) => whole.slice(0, 1 + length));
}
