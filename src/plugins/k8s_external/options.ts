import { exactArgs, fallthroughZones, integer, noArgs, parseOptions } from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { atToken, CorefileError } from '../../corefile/error.ts';
import { foldName, labelsOf, type Name, parseUnicodeName } from '../../dns/name.ts';
import { isReverseZone } from '../../dns/reverse.ts';
import { blockZones } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';

/** One use of the directive: zones with the services that are reached from outside. */
export interface ExternalUse {
  /** Folded. */
  readonly zones: readonly Name[];
  /** The zone that PTR records point into. */
  readonly primary: Name;
  /** The (folded) label for names of the zone itself: `dns` for `ns1.dns.ZONE`. */
  readonly apex: string;
  /** Seconds. */
  readonly ttl: number;
  /** Whether the zones include endpoints of headless services. */
  readonly headless: boolean;
  /** The zones for whose names the next plugin is asked instead of an NXDOMAIN. */
  readonly fallthrough: readonly Name[];
}

const DEFAULT_TTL = 5;
const MAX_TTL = 3600;

/** Reads `k8s_external [ZONES…] { apex LABEL; ttl SECONDS; headless; fallthrough [ZONES…] }`. @throws CorefileError, CorefileErrors */
export function parseExternal(uses: readonly Directive[], block: ParseContext): readonly ExternalUse[] {
  return uses.map((directive) => parseUse(directive, block));
}

function parseUse(directive: Directive, block: ParseContext): ExternalUse {
  const zones = blockZones(directive.args, block);
  const primary = zones.find((zone) => !isReverseZone(zone));
  if (primary === undefined) throw new CorefileError(directive.position, 'non-reverse zone name must be used');
  let apex = 'dns';
  let ttl = DEFAULT_TTL;
  let headless = false;
  let fallthrough: readonly Name[] = [];
  parseOptions(directive, {
    apex(line: OptionLine) {
      apex = parseLabel(line);
    },
    ttl(line: OptionLine) {
      ttl = integer(exactArgs(line, 1)[0], { min: 0, max: MAX_TTL }, 'ttl');
    },
    headless(line: OptionLine) {
      noArgs(line);
      headless = true;
    },
    fallthrough(line: OptionLine) {
      fallthrough = fallthroughZones(line);
    },
  });
  return { zones, primary, apex, ttl, headless, fallthrough };
}

function parseLabel(line: OptionLine): string {
  const [token] = exactArgs(line, 1);
  const name = foldName(atToken(token, () => parseUnicodeName(token.text)));
  const [label, ...more] = labelsOf(name);
  if (label !== undefined && more.length === 0) return label;
  throw new CorefileError(token.position, `expecting one label such as dns, not '${token.text}'`);
}
