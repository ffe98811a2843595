import {
  durationMs,
  exactArgs,
  fallthroughZones,
  integer,
  noArgs,
  once,
  parseOptions,
  unknownProperty,
} from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { atToken, CorefileError } from '../../corefile/error.ts';
import type { Name } from '../../dns/name.ts';
import { blockZones } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';
import { type HostEntry, parseAddress, parseHostName } from './entries.ts';

export interface HostsOptions {
  readonly path: string;
  /** The zones of names that are served; addresses are answered in every zone. */
  readonly zones: readonly Name[];
  /** Hosts in the Corefile, which come after those of the file. */
  readonly inline: readonly HostEntry[];
  /** Seconds. */
  readonly ttl: number;
  /** Whether PTR queries for addresses are answered. */
  readonly reverse: boolean;
  /** How often to check whether the file has changed; 0 for never. */
  readonly reloadMs: number;
  /** The zones for whose names the next plugin is asked instead of an NXDOMAIN. */
  readonly fallthrough: readonly Name[];
  /** Whether the next plugin is also asked for other types than A and AAAA of those names. */
  readonly fallthroughUnsupported: boolean;
}

const DEFAULT_PATH = '/etc/hosts';
const DEFAULT_TTL = 3600;
const MAX_TTL = 65_535;
const DEFAULT_RELOAD_MS = 5000;

export function parseHostsOptions(uses: readonly Directive[], block: ParseContext): HostsOptions {
  const directive = once(uses);
  const [path, ...zones] = directive.args;
  const options = {
    path: path?.text ?? DEFAULT_PATH,
    zones: blockZones(zones, block),
    inline: [] as HostEntry[],
    ttl: DEFAULT_TTL,
    reverse: true,
    reloadMs: DEFAULT_RELOAD_MS,
    fallthrough: [] as readonly Name[],
    fallthroughUnsupported: false,
  };
  let unsupportedAt: OptionLine | undefined;
  const handlers = {
    ttl(line: OptionLine) {
      options.ttl = parseTtl(line);
    },
    no_reverse(line: OptionLine) {
      noArgs(line);
      options.reverse = false;
    },
    reload(line: OptionLine) {
      options.reloadMs = durationMs(exactArgs(line, 1)[0]);
    },
    fallthrough(line: OptionLine) {
      options.fallthrough = fallthroughZones(line);
    },
    fallthrough_unsupported(line: OptionLine) {
      noArgs(line);
      unsupportedAt = line;
      options.fallthroughUnsupported = true;
    },
  };
  parseOptions(directive, handlers, (line) => {
    const address = parseAddress(line.name);
    // CoreDNS ignores the line `{$MORE_HOSTS}` where the variable is not set.
    if (line.name === '' && line.args.length === 0) return;
    if (address === undefined) unknownProperty(line, Object.keys(handlers));
    else if (line.args.length === 0) block.warn(line.position, `no name follows ${line.name}: the line does nothing`);
    else options.inline.push({ address, names: parseNames(line) });
  });
  if (unsupportedAt && options.fallthrough.length === 0) {
    throw new CorefileError(unsupportedAt.position, 'fallthrough_unsupported requires fallthrough');
  }
  return options;
}

function parseTtl(line: OptionLine): number {
  return integer(exactArgs(line, 1)[0], { min: 1, max: MAX_TTL }, 'ttl');
}

function parseNames(line: OptionLine): Name[] {
  return line.args.map((token) => atToken(token, () => parseHostName(token.text)));
}
