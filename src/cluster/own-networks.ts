import type { Epoch } from '../base/epoch.ts';
import { type IP, maskIP, type Prefix, parsePrefix } from '../dns/ip.ts';
import type { Name } from '../dns/name.ts';
import { reverseNetwork } from '../dns/reverse.ts';
import type { RecordChange } from '../registry/change.ts';
import type { RecordKind } from '../registry/completeness.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';

/** The kinds of objects that say which networks a cluster has. */
export const NETWORK_KINDS = ['service-cidr', 'node'] as const satisfies readonly RecordKind[];

/** The networks of a cluster's services and pods. */
export interface OwnNetworks {
  /** Whether a (folded) reverse name belongs to addresses of the networks only. */
  holds(name: Name): boolean;
  /** Why not all networks are known; empty if they are. */
  readonly gap: string;
  /** A result holds until one of them moves. */
  readonly epochs: readonly Epoch[];
}

/** Networks that never change. */
export function fixedNetworks(networks: readonly Prefix[]): OwnNetworks {
  const set = new NetworkCounts();
  for (const network of networks) set.count(network, 1);
  return { holds: (name) => set.holds(name), gap: '', epochs: [] };
}

/** Those that ServiceCIDRs and Nodes name, and `more`. They follow the registry until `stop`. */
export function followNetworks(registry: ReadonlyRegistry, more: readonly Prefix[]): OwnNetworks & { stop(): void } {
  const set = new NetworkCounts();
  for (const network of more) set.count(network, 1);
  for (const kind of NETWORK_KINDS) {
    for (const after of registry.declared.all(kind)) follow(set, { kind, before: undefined, after } as RecordChange);
  }
  const stop = registry.onRecord((change) => follow(set, change));
  return {
    holds: (name) => set.holds(name),
    get gap() {
      return registry.syncError;
    },
    epochs: [registry.epochs.all],
    stop,
  };
}

function follow(set: NetworkCounts, change: RecordChange): void {
  for (const network of networksOf(change, 'before')) set.count(network, -1);
  for (const network of networksOf(change, 'after')) set.count(network, 1);
}

function networksOf(change: RecordChange, state: 'before' | 'after'): Prefix[] {
  const texts =
    change.kind === 'service-cidr'
      ? change[state]?.cidrs
      : change.kind === 'node'
        ? change[state]?.podCidrs
        : undefined;
  return texts?.map((text) => parsePrefix(text)!) ?? [];
}

/** How often each network is named. A name is compared with each length of a network, not with each network: a cluster has one for each node. */
class NetworkCounts {
  private readonly byLength = new Map<number, Map<string, number>>();

  count({ ip, bits }: Prefix, step: 1 | -1): void {
    const networks = this.byLength.get(bits) ?? new Map<string, number>();
    this.byLength.set(bits, networks);
    const key = keyOf(ip);
    const count = (networks.get(key) ?? 0) + step;
    if (count > 0) networks.set(key, count);
    else networks.delete(key);
    if (networks.size === 0) this.byLength.delete(bits);
  }

  holds(name: Name): boolean {
    const found = reverseNetwork(name);
    if (found === undefined) return false;
    const network = unmapped(found);
    for (const [bits, networks] of this.byLength) {
      if (bits <= network.bits && networks.has(keyOf(maskIP(network.ip, bits)))) return true;
    }
    return false;
  }
}

const MAPPED = parsePrefix('::ffff:0:0/96')!;

/** The IPv4 network inside a network of IPv4-mapped addresses (RFC 4291 §2.5.5.2); any other network as it is. */
function unmapped({ ip, bits }: Prefix): Prefix {
  const isMapped = ip.length === 16 && bits >= MAPPED.bits && keyOf(maskIP(ip, MAPPED.bits)) === keyOf(MAPPED.ip);
  return isMapped ? { ip: ip.subarray(12), bits: bits - MAPPED.bits } : { ip, bits };
}

/** Different for networks of different families. */
const keyOf = (ip: IP): string => ip.join('.');
