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

/** A zone on an address: its text in errors, and its key. */
type Listener = { readonly server: string; readonly address: string | undefined; readonly key: ServerKey };

/**
 * The errors of server blocks that claim the same zone on the same listener, or a zone both on some and on all addresses.
 */
export function findConflicts(claims: readonly Claim[]): CorefileError[] {
  const errors: CorefileError[] = [];
  const taken = new Map<string, Listener>();
  const onSome = new Map<string, Listener>();
  const onAll = new Map<string, Listener>();
  for (const { keys, addresses, filtered } of claims) {
    for (const listener of listenersOf(keys, addresses)) {
      const { server, address } = listener;
      const same = filtered ? undefined : taken.get(printListener(listener));
      const other = (address === undefined ? onSome : onAll).get(server);
      if (same) errors.push(conflict(listener, `${printListener(same)} - it is already defined`, same));
      else if (other) {
        const narrow = address === undefined ? other : listener;
        errors.push(
          conflict(listener, `${printListener(narrow)} - zone overlap listener capacity with ${server}`, other),
        );
      }
      if (!filtered) taken.set(printListener(listener), listener);
      (address === undefined ? onAll : onSome).set(server, listener);
    }
  }
  return errors;
}

function listenersOf(keys: readonly ServerKey[], addresses: readonly string[]): Listener[] {
  const all = addresses.length === 0 ? [undefined] : addresses;
  return keys.flatMap((key) => {
    const server = `${key.transport}://${key.zone}:${key.port}`;
    return all.map((address) => ({ server, address, key }));
  });
}

function printListener({ server, address }: Listener): string {
  return address === undefined ? server : `${server} on ${address}`;
}

function conflict(listener: Listener, what: string, other: Listener): CorefileError {
  const detail = `error inspecting server blocks: cannot serve ${what}, at ${printPosition(other.key.position)}`;
  return new CorefileError(listener.key.position, detail);
}
