import { CorefileError, inPlugin } from '../../corefile/error.ts';
import { type Interfaces, namedAddresses } from '../../net/addresses.ts';
import type { BindTarget, BlockSettings } from '../../plugin/plugin.ts';

type Bind = NonNullable<BlockSettings['bind']>;

/**
 * The addresses to listen on, in canonical text and without duplicates. The name of an interface stands for all its addresses.
 *
 * @throws CorefileError at a target that is neither an address nor an interface, or if no address is left.
 */
export function bindAddresses({ plugin, addresses, except }: Bind, interfaces?: Interfaces): string[] {
  return inPlugin(plugin, () => {
    const resolve = (target: BindTarget) => addressesAt(target, interfaces);
    const left = new Set(addresses.flatMap(resolve));
    for (const address of except.flatMap(resolve)) left.delete(address);
    if (left.size > 0) return [...left];
    const print = (targets: readonly BindTarget[]) => targets.map(({ text }) => text).join(' ');
    const but = except.length > 0 ? ` except ${print(except)}` : '';
    const detail = `no address to listen on is left of: ${print(addresses)}${but}`;
    throw new CorefileError(addresses[0]!.position, detail);
  });
}

function addressesAt({ text, position }: BindTarget, interfaces: Interfaces | undefined): string[] {
  const found = namedAddresses(text, interfaces);
  if (found) return found;
  throw new CorefileError(position, `not a valid IP address or interface name: "${text}"`);
}
