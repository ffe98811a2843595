/*
 * The Corefile: from text to server blocks with positions, and typed readers for arguments (arguments.ts, block.ts). Begin here. It
 * knows the grammar and never a plugin: what a directive means is the plugin's business.
 */

import type { ServerBlock } from './ast.ts';
import { type KnownDirectives, readBlocks } from './block.ts';
import { type EmptyReference, type Environment, substituteAll } from './environment.ts';
import { attempt, type CorefileError, inOrder } from './error.ts';
import { expandImports } from './expand.ts';
import { type CorefileFiles, MAX_COREFILE_OCTETS } from './files.ts';
import { splitGluedBraces } from './glued-braces.ts';
import { lex } from './lexer.ts';
import { inFile, type Locate } from './position.ts';
import type { Token } from './token.ts';
import type { CorefileWarning } from './warnings.ts';

/** The text of a Corefile, and everything that its meaning depends on. */
interface CorefileText extends KnownDirectives {
  /** The path as errors show it; relative imports start from its folder. */
  readonly file: string;
  readonly text: string;
  /** The places of the text, if it is a part of another file. */
  readonly locate?: Locate | undefined;
  readonly env: Environment;
  /** Reads imported files. */
  readonly files: CorefileFiles;
}

export interface Corefile {
  readonly blocks: readonly ServerBlock[];
  /** The errors, in the order of the text within one file. The blocks may be used only if there are no errors. */
  readonly errors: readonly CorefileError[];
  readonly warnings: readonly CorefileWarning[];
  /** References to environment variables that became empty. */
  readonly empty: readonly EmptyReference[];
}

/** The Corefile of a server without one, or whose Corefile has no server blocks. It listens on the default port. */
export const DEFAULT_COREFILE = '. {\n    whoami\n    log\n}\n';

/** Reads a Corefile and everything that it imports. It never throws, and reports all mistakes at once. */
export function parseCorefile(source: CorefileText): Corefile {
  const errors: CorefileError[] = [];
  const warnings: CorefileWarning[] = [];
  const empty: EmptyReference[] = [];
  const tokensOf = new Map<string, readonly Token[]>();
  let room = MAX_COREFILE_OCTETS - source.text.length;

  const readTokens = (file: string, text: string, locate: Locate = inFile(file)): readonly Token[] => {
    const lexed = lex(text, locate);
    errors.push(...lexed.errors);
    warnings.push(...lexed.warnings);
    const tokens = substituteAll(splitGluedBraces(lexed.tokens, errors), source.env, { warnings, empty });
    tokensOf.set(file, tokens);
    return tokens;
  };
  const readImported = (file: string): readonly Token[] => {
    const { text, locate } = source.files.read(file);
    room -= text.length;
    if (room < 0) throw new Error(`the Corefile and what it imports have more than ${MAX_COREFILE_OCTETS} octets`);
    return readTokens(file, text, locate);
  };
  const importTokens = (file: string) => tokensOf.get(file) ?? readImported(file);

  const main = { file: source.file, tokens: readTokens(source.file, source.text, source.locate) };
  const tokens = attempt(errors, () => expandImports(main, importTokens, source.files, errors, warnings)) ?? [];
  const blocks = readBlocks(tokens, errors, source);
  return { blocks, errors: inOrder(errors), warnings: inOrder(warnings), empty };
}
