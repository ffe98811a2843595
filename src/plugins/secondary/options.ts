import {
  atLeastArgs,
  exactArgs,
  fallthroughZones,
  oneOf,
  parseOptions,
  zonesArgument,
} from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Name } from '../../dns/name.ts';
import { parsePeer } from '../../net/addresses.ts';
import type { Peer } from '../../net/transport.ts';
import { blockZones } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';

/** One use of the directive: zones, and the servers that they are copied from. */
export interface SecondaryUse {
  /** Folded. */
  readonly zones: readonly Name[];
  readonly from: readonly Peer[];
  /** The zones for whose names the next plugin is asked instead of an NXDOMAIN. */
  readonly fallthrough: readonly Name[];
  /** Whether the next plugin is asked while there is no copy. */
  readonly passesUnready: boolean;
  /** Set if the zones are catalogs (RFC 9432): the zones at or below which their zones must be; anywhere if empty. */
  readonly catalog: readonly Name[] | undefined;
}

/** Reads `secondary [ZONES…] { transfer from ADDRESS…; catalog [ZONES…]; fallthrough [ZONES…]; unready next|servfail }`. @throws CorefileError, CorefileErrors */
export function parseSecondary(uses: readonly Directive[], block: ParseContext): readonly SecondaryUse[] {
  const parsed = uses.map((directive) => parseUse(directive, block));
  const seen = new Set<Name>();
  for (const [i, { zones }] of parsed.entries()) {
    for (const zone of zones) {
      if (seen.has(zone)) throw new CorefileError(uses[i]!.position, `the zone ${zone} has a 'secondary' already`);
      seen.add(zone);
    }
  }
  return parsed;
}

function parseUse(directive: Directive, block: ParseContext): SecondaryUse {
  const from: Peer[] = [];
  let fallthrough: readonly Name[] = [];
  let passesUnready = false;
  let catalog: readonly Name[] | undefined;
  parseOptions(directive, {
    transfer(line: OptionLine) {
      const [direction, ...addresses] = atLeastArgs(line, 2);
      if (direction.text !== 'from') {
        const remedy = direction.text === 'to' ? ": the plugin 'transfer' gives copies to others" : '';
        throw new CorefileError(direction.position, `expecting 'transfer from ADDRESS…'${remedy}`);
      }
      for (const { text, position } of addresses) {
        const peer = parsePeer(text);
        if (!peer) throw new CorefileError(position, `not an IP address, with or without a port: '${text}'`);
        from.push(peer);
      }
    },
    catalog(line: OptionLine) {
      catalog = zonesArgument(line.args, []);
    },
    fallthrough(line: OptionLine) {
      fallthrough = fallthroughZones(line);
    },
    unready(line: OptionLine) {
      const [token] = exactArgs(line, 1);
      passesUnready = oneOf(token, ['next', 'servfail']) === 'next';
    },
  });
  if (from.length === 0) {
    throw new CorefileError(directive.position, "'transfer from' is required - add 'transfer from ADDRESS…'");
  }
  return { zones: blockZones(directive.args, block), from, fallthrough, passesUnready, catalog };
}
