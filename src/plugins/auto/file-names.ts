import { CorefileError } from '../../corefile/error.ts';
import { type Pattern, pattern } from '../../corefile/pattern.ts';
import type { Token } from '../../corefile/token.ts';
import { foldName, type Name, parseUnicodeName } from '../../dns/name.ts';

/** Which files are zones, and how a zone's name follows from its file's name. */
export interface FileNames {
  /** The regular expression as it is written. */
  readonly text: string;
  /** Matches some part of the base name of a zone file. */
  readonly expression: Pick<Pattern, 'exec'>;
  /** The zone's name, with `{1}` for the text of the first group. */
  readonly template: string;
}

/** `db.example.org` is the zone example.org. */
export const DEFAULT_FILE_NAMES: FileNames = { text: 'db\\.(.*)', expression: /db\.(.*)/, template: '{1}' };

const PLACE = /\{(\d)\}/g;

/** @throws CorefileError */
export function parseFileNames(expression: Token, template: Token | undefined): FileNames {
  if (!template) throw new CorefileError(expression.position, 'a template is needed after the regular expression');
  const compiled = pattern(expression);
  for (const [place, group] of template.text.matchAll(PLACE)) {
    if (Number(group) > compiled.groupCount()) {
      throw new CorefileError(template.position, `the regular expression has no group for ${place}`);
    }
  }
  return { text: expression.text, expression: compiled, template: template.text };
}

/** The (folded) name of the zone that a file with this base name holds; undefined for other files. @throws NameError */
export function originOf({ expression, template }: FileNames, base: string): Name | undefined {
  const match = expression.exec(base);
  if (!match) return undefined;
  return foldName(parseUnicodeName(template.replace(PLACE, (_, group: string) => match[Number(group)] ?? '')));
}
