import { isAbsolute, join } from 'node:path';
import { atLeastArgs } from '../corefile/arguments.ts';
import type { Line } from '../corefile/ast.ts';
import { atToken } from '../corefile/error.ts';
import { folderOf } from '../corefile/position.ts';
import { parseSelector, type Selector } from '../registry/selector.ts';

/** The paths of manifests. A relative one starts at the folder of the file that names it. @throws CorefileError */
export function manifestPaths(line: Line): readonly string[] {
  return atLeastArgs(line, 1).map(({ text, position }) => (isAbsolute(text) ? text : join(folderOf(position), text)));
}

/** The rest of the line is one selector, so that it may hold blanks. @throws CorefileError */
export function selectorOf(line: Line): Selector {
  const tokens = atLeastArgs(line, 1);
  return atToken(tokens[0], () => parseSelector(tokens.map(({ text }) => text).join(' ')));
}
