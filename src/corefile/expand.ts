import { isAbsolute, join, normalize } from 'node:path';
import { messageOf, systemCodeOf } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import { attempt, CorefileError, syntaxError } from './error.ts';
import type { CorefileFiles } from './files.ts';
import { globFiles, isAllowedGlob, isGlob } from './glob.ts';
import { folderOf, type Position, printPosition } from './position.ts';
import { afterBraces, type Token } from './token.ts';
import type { CorefileWarning } from './warnings.ts';

/** How deep imports may nest; an import of itself is found at once. */
export const MAX_IMPORT_DEPTH = 10_000;
/** How many imports one Corefile may have; an import counts each time that it is reached. */
export const MAX_EXPANSIONS = 100_000;
/** How many tokens a Corefile may have with all imports filled in. */
export const MAX_TOKENS = 1_000_000;

interface Snippet {
  readonly position: Position;
  readonly body: readonly Token[];
}

/** A snippet or file that is being filled in. */
interface Frame {
  /** The identity by which an import of itself is found. */
  readonly source: string;
  readonly tokens: readonly Token[];
  readonly importer: Frame | undefined;
  readonly depth: number;
  at: number;
}

interface Expansion {
  readonly files: CorefileFiles;
  readonly readTokens: (path: string) => readonly Token[];
  readonly errors: CorefileError[];
  readonly warnings: CorefileWarning[];
  readonly snippets: Map<string, Snippet>;
  readonly output: Token[];
  /** What is still to be filled in; the last one is the next. */
  readonly pending: Frame[];
  braces: number;
  expansions: number;
}

/**
 * Fills in the snippets and files that a Corefile imports, and removes the declarations of snippets.
 *
 * @param readTokens the tokens of a file, with environment variables filled in; throws as `files.read` does.
 */
export function expandImports(
  main: { readonly file: string; readonly tokens: readonly Token[] },
  readTokens: (path: string) => readonly Token[],
  files: CorefileFiles,
  errors: CorefileError[],
  warnings: CorefileWarning[],
): Token[] {
  const expansion: Expansion = {
    ...{ files, readTokens, errors, warnings },
    ...{ snippets: new Map(), output: [], pending: [], braces: 0, expansions: 0 },
  };
  const source = `file ${normalize(main.file)}`;
  expansion.pending.push({ source, tokens: main.tokens, importer: undefined, depth: 0, at: 0 });
  for (let frame = expansion.pending.at(-1); frame; frame = expansion.pending.at(-1)) {
    if (frame.at < frame.tokens.length) step(expansion, frame);
    else expansion.pending.pop();
  }
  return expansion.output;
}

function step(expansion: Expansion, frame: Frame): void {
  const token = frame.tokens[frame.at]!;
  const beginsStatement = token.startsLine || frame.tokens[frame.at - 1]?.kind === '{';
  if (beginsStatement && token.kind === 'word') {
    const snippet = expansion.braces === 0 ? /^\((.+)\)$/s.exec(token.text)?.[1] : undefined;
    if (token.text === 'import') fillIn(expansion, frame);
    else if (snippet !== undefined) declareSnippet(expansion, frame, snippet);
    else emit(expansion, frame);
  } else {
    emit(expansion, frame);
  }
}

function emit(expansion: Expansion, frame: Frame): void {
  const token = frame.tokens[frame.at++]!;
  if (expansion.output.length === MAX_TOKENS) {
    throw new CorefileError(token.position, `the Corefile and what it imports have more than ${MAX_TOKENS} words`);
  }
  if (token.kind === '{') expansion.braces++;
  if (token.kind === '}') expansion.braces--;
  expansion.output.push(token);
}

function declareSnippet(expansion: Expansion, frame: Frame, name: string): void {
  const { tokens, at } = frame;
  const { position } = tokens[at]!;
  const open = tokens[at + 1];
  if (open?.kind !== '{') {
    const found = open ? `token '${open.text}'` : 'EOF';
    expansion.errors.push(syntaxError(open?.position ?? position, `Unexpected ${found}, expecting '{'`));
    frame.at++;
    return;
  }
  const end = afterBraces(tokens, at + 1);
  frame.at = end ?? tokens.length;
  const first = expansion.snippets.get(name);
  if (end === undefined) {
    const detail = `Unexpected EOF, expecting '}' - the '{' at ${printPosition(open.position)} is never closed`;
    expansion.errors.push(syntaxError(tokens.at(-1)!.position, detail));
  } else if (first) {
    const detail = `Redeclaration of snippet '${name}' - it is declared at ${printPosition(first.position)}`;
    expansion.errors.push(new CorefileError(position, detail));
  } else {
    const body = tokens.slice(at + 2, end - 1).map((token, i) => (i === 0 ? { ...token, startsLine: true } : token));
    expansion.snippets.set(name, { position, body });
  }
}

/** Reads an import, and replaces it by what it names. */
function fillIn(expansion: Expansion, frame: Frame): void {
  const keyword = frame.tokens[frame.at++]!;
  const start = frame.at;
  for (let next = frame.tokens[start]; next && !next.startsLine && next.kind !== '}'; next = frame.tokens[frame.at]) {
    frame.at = next.kind === '{' ? (afterBraces(frame.tokens, frame.at) ?? frame.tokens.length) : frame.at + 1;
  }
  const args = frame.tokens.slice(start, frame.at);
  const imported = attempt(expansion.errors, () => resolveImport(expansion, frame, onlyArgument(keyword, args))) ?? [];
  expansion.expansions += imported.length;
  if (expansion.expansions > MAX_EXPANSIONS) {
    throw new CorefileError(keyword.position, `maximum number of imports (${MAX_EXPANSIONS}) exceeded`);
  }
  expansion.pending.push(...imported.reverse());
}

function onlyArgument(keyword: Token, [argument, extra]: readonly Token[]): Token {
  if (extra) throw new CorefileError(extra.position, 'Import takes only one argument (glob pattern or file)');
  if (!argument?.text) {
    throw new CorefileError((argument ?? keyword).position, 'Import requires a non-empty filepath');
  }
  return argument;
}

/** What an import names: the snippet of that name, or else a file or the files that match a pattern. */
function resolveImport(expansion: Expansion, importer: Frame, argument: Token): Frame[] {
  const snippet = expansion.snippets.get(argument.text);
  if (snippet) return [openFrame(importer, argument, `snippet ${argument.text}`, () => snippet.body)];
  // The folder is that of the file with the import, even if the import came here through a snippet.
  const folder = folderOf(argument.position);
  const path = isAbsolute(argument.text) ? normalize(argument.text) : join(folder, argument.text);
  const openFile = (file: string) =>
    openFrame(importer, argument, `file ${file}`, () => readImport(expansion, argument, file));
  if (!isGlob(path)) return [openFile(path)];
  const matches = matchingFiles(expansion, argument, path);
  return matches.flatMap((match) => attempt(expansion.errors, () => openFile(match)) ?? []);
}

function matchingFiles(expansion: Expansion, { text, position }: Token, pattern: string): string[] {
  if (!isAllowedGlob(pattern)) {
    const detail = `Glob pattern may only contain one wildcard (*), but has others: ${text}`;
    throw new CorefileError(position, detail);
  }
  try {
    const matches = globFiles(pattern, expansion.files);
    if (matches.length === 0) {
      expansion.warnings.push({ name: 'import-nothing', position, message: `no files match the import '${text}'` });
    }
    return matches;
  } catch (thrown) {
    throw new CorefileError(position, `Could not import ${text}: ${messageOf(thrown)}`);
  }
}

function openFrame(importer: Frame, argument: Token, source: string, read: () => readonly Token[]): Frame {
  const limit = `maximum snippet import depth (${MAX_IMPORT_DEPTH}) exceeded`;
  for (let outer: Frame | undefined = importer; outer; outer = outer.importer) {
    if (outer.source === source) throw new CorefileError(argument.position, `${limit} - the ${source} imports itself`);
  }
  if (importer.depth === MAX_IMPORT_DEPTH) throw new CorefileError(argument.position, limit);
  return { source, tokens: read(), importer, depth: importer.depth + 1, at: 0 };
}

function readImport(expansion: Expansion, { text, position }: Token, path: string): readonly Token[] {
  try {
    return expansion.readTokens(path);
  } catch (thrown) {
    const code = systemCodeOf(thrown);
    if (code === 'EISDIR') throw new CorefileError(position, `Could not import ${text}: is a directory`);
    if (code !== 'ENOENT') throw new CorefileError(position, `Could not import ${text}: ${messageOf(thrown)}`);
    const hint = didYouMean(text, expansion.snippets.keys()) || ' - a snippet must be declared before it is imported';
    throw new CorefileError(position, `File to import not found: ${text}${hint}`);
  }
}
