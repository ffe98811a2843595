import {
  atLeastArgs,
  durationMs,
  exactArgs,
  fallthroughZones,
  noArgs,
  parseOptions,
} from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Name } from '../../dns/name.ts';
import { blockZones, ignoreUpstream } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';
import { DEFAULT_RELOAD_MS } from '../../zone/zone-file.ts';

/** One use of the directive: a master file and the zones that it is read as. */
export interface FileUse {
  readonly path: string;
  /** Folded. */
  readonly zones: readonly Name[];
  /** How often to check whether the file has changed; 0 for never. */
  readonly reloadMs: number;
  /** Whether a changed file is read even if its serial is the same. */
  readonly byMtime: boolean;
  /** The zones for whose names the next plugin is asked instead of an NXDOMAIN. */
  readonly fallthrough: readonly Name[];
}

/** Reads `file DBFILE [ZONES…] { reload DURATION; reload_by_mtime; fallthrough [ZONES…] }`. @throws CorefileError, CorefileErrors */
export function parseFile(uses: readonly Directive[], block: ParseContext): readonly FileUse[] {
  const files = uses.map((directive) => parseUse(directive, block));
  const seen = new Set<Name>();
  for (const [i, { zones }] of files.entries()) {
    for (const zone of zones) {
      if (seen.has(zone)) throw new CorefileError(uses[i]!.position, `the zone ${zone} has a 'file' already`);
      seen.add(zone);
    }
  }
  return files;
}

function parseUse(directive: Directive, block: ParseContext): FileUse {
  const [path, ...zones] = atLeastArgs(directive, 1);
  let reloadMs = DEFAULT_RELOAD_MS;
  let byMtime = false;
  let fallthrough: readonly Name[] = [];
  parseOptions(directive, {
    reload(line: OptionLine) {
      reloadMs = durationMs(exactArgs(line, 1)[0]);
    },
    reload_by_mtime(line: OptionLine) {
      noArgs(line);
      byMtime = true;
    },
    fallthrough(line: OptionLine) {
      fallthrough = fallthroughZones(line);
    },
    ...ignoreUpstream(block),
  });
  return { path: path.text, zones: blockZones(zones, block), reloadMs, byMtime, fallthrough };
}
