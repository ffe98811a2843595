import { argsBetween, durationMs, exactArgs, parseOptions } from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Name } from '../../dns/name.ts';
import { blockZones, ignoreUpstream } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';
import { DEFAULT_RELOAD_MS } from '../../zone/zone-file.ts';
import { DEFAULT_FILE_NAMES, type FileNames, parseFileNames } from './file-names.ts';

/** One use of the directive: a folder whose files are zones. */
export interface AutoUse {
  readonly directory: string;
  readonly names: FileNames;
  /** Folded. Zones outside of them are left out. */
  readonly zones: readonly Name[];
  /** How often the folder is read again; 0 for never. */
  readonly reloadMs: number;
}

/**
 * Reads `auto [ZONES…] { directory DIR [REGEXP TEMPLATE]; reload DURATION }`; without a folder there are no zones.
 *
 * @throws CorefileError, CorefileErrors
 */
export function parseAuto(uses: readonly Directive[], block: ParseContext): readonly AutoUse[] {
  return uses.flatMap((directive) => parseUse(directive, block) ?? []);
}

function parseUse(directive: Directive, block: ParseContext): AutoUse | undefined {
  let directory: string | undefined;
  let names = DEFAULT_FILE_NAMES;
  let reloadMs = DEFAULT_RELOAD_MS;
  parseOptions(directive, {
    directory(line: OptionLine) {
      const [path, expression, template] = argsBetween(line, 1, 3);
      if (directory !== undefined) throw new CorefileError(line.position, "'directory' may be used only once");
      directory = path.text;
      if (expression) names = parseFileNames(expression, template);
    },
    reload(line: OptionLine) {
      reloadMs = durationMs(exactArgs(line, 1)[0]);
    },
    ...ignoreUpstream(block),
  });
  if (directory === undefined) {
    block.warn(directive.position, "without a folder it serves nothing: add 'directory DIR', or remove it");
    return undefined;
  }
  return { directory, names, zones: blockZones(directive.args, block), reloadMs };
}
