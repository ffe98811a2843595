import { atLeastArgs, exactArgs, parseOptions } from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Token } from '../../corefile/token.ts';
import { type Prefix, parseIP, parsePrefix, prefixContains, unmapIP } from '../../dns/ip.ts';
import type { Name } from '../../dns/name.ts';
import { canonicalAddress, parsePeer } from '../../net/addresses.ts';
import type { Peer } from '../../net/transport.ts';
import { blockZones } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';

/** One use of the directive: zones, and the servers that may copy them. */
export interface TransferRule {
  /** Folded. */
  readonly zones: readonly Name[];
  /** The servers that may copy the zones. They are notified of changes at this port. */
  readonly to: readonly Peer[];
  /** The networks whose servers may copy the zones; this notifies no server. */
  readonly networks: readonly Prefix[];
  /** Whether every server may copy the zones; this notifies no server. */
  readonly toAll: boolean;
  /** The address that NOTIFY messages are sent from; the system's choice if undefined. */
  readonly source: string | undefined;
}

/** Whether the rule lets the client copy its zones. */
export function mayCopy({ toAll, to, networks }: TransferRule, { address }: Peer): boolean {
  if (toAll || to.some((peer) => peer.address === address)) return true;
  if (networks.length === 0) return false;
  const ip = unmapIP(parseIP(address)!);
  return networks.some((network) => prefixContains(network, ip));
}

/** Reads `transfer [ZONES…] { to ADDRESS…|NETWORK…|*; source IP }`. @throws CorefileError, CorefileErrors */
export function parseTransfer(uses: readonly Directive[], block: ParseContext): readonly TransferRule[] {
  const rules = uses.map((directive) => parseRule(directive, block));
  const seen = new Set<Name>();
  for (const [i, { zones }] of rules.entries()) {
    for (const zone of zones) {
      if (seen.has(zone)) throw new CorefileError(uses[i]!.position, `the zone ${zone} has a 'transfer' already`);
      seen.add(zone);
    }
  }
  return rules;
}

function parseRule(directive: Directive, block: ParseContext): TransferRule {
  const to: Peer[] = [];
  const networks: Prefix[] = [];
  let toAll = false;
  let source: string | undefined;
  parseOptions(directive, {
    to(line: OptionLine) {
      for (const token of atLeastArgs(line, 1)) {
        if (token.text === '*') toAll = true;
        else if (token.text.includes('/')) networks.push(parseNetwork(token));
        else to.push(parseTo(token));
      }
    },
    source(line: OptionLine) {
      const [token] = exactArgs(line, 1);
      source = canonicalAddress(token.text);
      if (source === undefined) throw new CorefileError(token.position, `not an IP address: '${token.text}'`);
    },
  });
  if (to.length === 0 && networks.length === 0 && !toAll) {
    throw new CorefileError(directive.position, "'to' is required - add 'to ADDRESS…', or 'to *' for everybody");
  }
  return { zones: blockZones(directive.args, block), to, networks, toAll, source };
}

function parseNetwork({ text, position }: Token): Prefix {
  const network = parsePrefix(text);
  if (network) return network;
  throw new CorefileError(position, `not a network: '${text}' - write it as in 10.0.0.0/8 or fd00::/64`);
}

function parseTo({ text, position }: Token): Peer {
  const peer = parsePeer(text);
  if (peer) return peer;
  throw new CorefileError(
    position,
    `not an IP address, with or without a port: '${text}' - or write '*' for everybody`,
  );
}
