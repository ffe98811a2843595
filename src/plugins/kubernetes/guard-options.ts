import { network, oneOf } from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import { type Prefix, printPrefix } from '../../dns/ip.ts';
import { isAtOrBelow, type Name } from '../../dns/name.ts';
import { isReverseZone, reverseZonesOf } from '../../dns/reverse.ts';
import type { ParseContext } from '../../plugin/plugin.ts';

/** The networks whose reverse names never fall through; undefined for those that ServiceCIDRs and Nodes name. */
export interface Guard {
  readonly networks: readonly Prefix[] | undefined;
}

/** Reads `guard [networks CIDR...]`. @throws CorefileError, also for a second line */
export function readGuard({ args, position }: OptionLine, earlier: Guard | undefined): Guard {
  const [word, ...networks] = args;
  if (earlier) throw new CorefileError(position, "'guard' is there already - list all networks on one line");
  if (word === undefined) return { networks: undefined };
  oneOf(word, ['networks']);
  if (networks.length > 0) return { networks: networks.map(network) };
  throw new CorefileError(
    position,
    "'guard networks' needs networks such as 10.96.0.0/12 - add them, or remove 'networks'",
  );
}

/** What `guard` needs of the other options. */
interface Guarded {
  readonly zones: readonly Name[];
  readonly fallthrough: readonly Name[];
}

/** Warns of lines without effect. @throws CorefileError for networks whose names are not the plugin's. */
export function checkGuard(directive: Directive, options: Guarded, { networks }: Guard, { warn }: ParseContext): void {
  const lineOf = (name: string) => directive.options.findLast((line) => line.name === name)!;
  const reverse = options.zones.filter(isReverseZone);
  if (networks === undefined && reverse.length === 0) {
    const detail =
      "'guard' is about reverse names, and no zone of 'kubernetes' has any - add in-addr.arpa and ip6.arpa";
    throw new CorefileError(lineOf('guard').position, detail);
  }
  for (const [at, each] of (networks ?? []).entries()) {
    const outside = reverseZonesOf(each).find((zone) => !reverse.some((served) => isAtOrBelow(zone, served)));
    if (outside === undefined) continue;
    const zone = each.ip.length === 4 ? 'in-addr.arpa' : 'ip6.arpa';
    const detail = `the names of ${printPrefix(each)} lie in no zone of 'kubernetes' - add ${zone}`;
    throw new CorefileError(lineOf('guard').args[at + 1]!.position, detail);
  }
  if (options.fallthrough.length === 0) {
    warn(lineOf('guard').position, "'guard' has no effect: without 'fallthrough', no name reaches the next plugins");
  }
  const kept = options.fallthrough.filter((zone) =>
    options.zones.some((own) => isAtOrBelow(zone, own) && !isReverseZone(own)),
  );
  for (const zone of kept) {
    warn(
      lineOf('fallthrough').position,
      `'fallthrough ${zone}' has no effect: 'guard' lets no name of this zone through`,
    );
  }
}
