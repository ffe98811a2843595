import { CorefileError } from './error.ts';
import type { ServerKey } from './key.ts';
import { printPosition } from './position.ts';

/** The keys of a server block and the addresses that it listens on. */
export interface Claim {
  readonly keys: readonly ServerKey[];
  /** The addresses that the block binds; an empty list means all. */
  readonly addresses: readonly string[];
  /** Whether the block selects queries (view), so that several blocks may share a zone. */
  readonly filtered: boolean;
}

/** A zone at one address, as a block claims it. */
type ClaimedZone = { readonly server: string; readonly address: string | undefined; readonly key: ServerKey };

/**
 * The errors of server blocks that claim the same zone at the same address, or a zone both on some and on all addresses: one for each key, which may have
 * several zones and addresses.
 */
export function findConflicts(claims: readonly Claim[]): CorefileError[] {
  const errors: CorefileError[] = [];
  const taken = new Map<string, ClaimedZone>();
  const onSome = new Map<string, ClaimedZone>();
  const onAll = new Map<string, ClaimedZone>();
  for (const { keys, addresses, filtered } of claims) {
    for (const claimed of claimedZones(keys, addresses)) {
      const { server, address } = claimed;
      const same = filtered ? undefined : taken.get(printZone(claimed));
      const other = (address === undefined ? onSome : onAll).get(server);
      if (same) errors.push(conflict(claimed, `${printZone(same)} - it is already defined`, same));
      else if (other) {
        const narrow = address === undefined ? other : claimed;
        errors.push(conflict(claimed, `${printZone(narrow)} - zone overlap listener capacity with ${server}`, other));
      }
      if (!filtered) taken.set(printZone(claimed), claimed);
      (address === undefined ? onAll : onSome).set(server, claimed);
    }
  }
  return [...new Map(errors.toReversed().map((error) => [error.position, error])).values()].toReversed();
}

function claimedZones(keys: readonly ServerKey[], addresses: readonly string[]): ClaimedZone[] {
  const all = addresses.length === 0 ? [undefined] : addresses;
  return keys.flatMap((key) => {
    const server = `${key.transport}://${key.zone}:${key.port}`;
    return all.map((address) => ({ server, address, key }));
  });
}

function printZone({ server, address }: ClaimedZone): string {
  return address === undefined ? server : `${server} on ${address}`;
}

function conflict(claimed: ClaimedZone, what: string, other: ClaimedZone): CorefileError {
  const detail = `error inspecting server blocks: cannot serve ${what}, at ${printPosition(other.key.position)}`;
  return new CorefileError(claimed.key.position, detail);
}
