import { parseIP } from '../dns/ip.ts';
import type { RecordChange } from '../registry/change.ts';
import { type EndpointSlice, isSame, type Service } from '../registry/records.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';

/** Whether an address with PTR records begins with these octets (family 4) or nibbles (family 6), and has more of them. */
export type HasReversePrefix = (values: readonly number[], family: 4 | 6) => boolean;

/** The same for the addresses of one owner, such as a namespace. */
export type OwnsReversePrefix = (owner: string, values: readonly number[], family: 4 | 6) => boolean;

/**
 * Finds which names above reverse names exist: they have no records themselves (RFC 8020).
 *
 * `ownersOf` says whose PTR records an address has; those without any have no owner. All addresses are counted at the first query for such a name. From
 * then on the counts follow the registry, until `stop`.
 */
export function followReversePrefixes(
  registry: ReadonlyRegistry,
  ownersOf: (address: string) => readonly string[],
): { has: OwnsReversePrefix; stop(): void } {
  let counts: PrefixCounts | undefined;
  let unsubscribe = () => {};
  const begin = (): PrefixCounts => {
    const all = new PrefixCounts(ownersOf);
    for (const { clusterIPs } of registry.services()) all.look(clusterIPs);
    for (const slice of registry.slices()) all.look(addressesOf(slice));
    unsubscribe = registry.onRecord((change) => all.look(addressesIn(change, registry)));
    return all;
  };
  return {
    has(owner, values, family) {
      counts ??= begin();
      return counts.has(owner, family === 4 ? octetsKey(values) : nibblesKey(values));
    },
    stop: () => unsubscribe(),
  };
}

/** The addresses whose PTR records the change may alter. */
export function addressesIn({ kind, before, after }: RecordChange, registry: ReadonlyRegistry): string[] {
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

/** The addresses of a service: an endpoint has PTR records as long as its service exists. */
function addressesWith({ clusterIPs, namespace, name }: Service, registry: ReadonlyRegistry): string[] {
  return [...clusterIPs, ...registry.slicesOf(namespace, name).flatMap(addressesOf)];
}

function addressesOf({ endpoints }: EndpointSlice): string[] {
  return endpoints.map(({ address }) => address);
}

/** The number of addresses with PTR records of each owner below each reverse name. */
class PrefixCounts {
  private readonly ownersOf: (address: string) => readonly string[];
  private readonly counted = new Map<string, readonly string[]>();
  private readonly counts = new Map<string, number>();

  constructor(ownersOf: (address: string) => readonly string[]) {
    this.ownersOf = ownersOf;
  }

  has(owner: string, key: string): boolean {
    return this.counts.has(owner + key);
  }

  /** Finds out again whose PTR records these addresses have. */
  look(addresses: readonly string[]): void {
    for (const address of addresses) {
      const before = this.counted.get(address) ?? NO_OWNERS;
      const after = this.ownersOf(address);
      if (isSame(before, after)) continue;
      if (after.length > 0) this.counted.set(address, after);
      else this.counted.delete(address);
      for (const key of keysOf(address)) {
        for (const owner of before) this.count(owner + key, -1);
        for (const owner of after) this.count(owner + key, 1);
      }
    }
  }

  private count(key: string, step: 1 | -1): void {
    const count = (this.counts.get(key) ?? 0) + step;
    if (count > 0) this.counts.set(key, count);
    else this.counts.delete(key);
  }
}

const NO_OWNERS: readonly string[] = [];

/** Keys begin with a mark that no name of an owner holds. */
const octetsKey = (octets: readonly number[]): string => `/${octets.map((octet) => `${octet}.`).join('')}`;
const nibblesKey = (nibbles: readonly number[]): string => `:${nibbles.map((nibble) => nibble.toString(16)).join('')}`;

/** The keys of all names above an address's own reverse name. */
function keysOf(address: string): string[] {
  const ip = parseIP(address);
  if (!ip) return [];
  if (ip.length === 4) return [0, 1, 2, 3].map((length) => octetsKey([...ip.subarray(0, length)]));
  const whole = nibblesKey([...ip].flatMap((octet) => [octet >> 4, octet & 15]));
  return Array.from({ length: 32 }, (_, length) => whole.slice(0, 1 + length));
}
