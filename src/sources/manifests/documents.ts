import type { Node } from 'yaml';
import { messageOf } from '../../base/errors.ts';
import type { FieldPath } from '../objects/field.ts';
import { type Kind, kindOfItems } from '../objects/list.ts';
import { findItems, type JsonList, type ListItem } from './json-list.ts';
import { composeYaml, MAX_YAML_LENGTH, YamlLimitError } from './yaml.ts';

/** A part of a file that can be read separately, so that a large file does not cause a long pause or need much memory. */
export interface Piece {
  readonly text: string;
  /** How many lines of the file come before it, and how much of its first line. */
  readonly linesBefore: number;
  readonly columnsBefore?: number;
  /** What its object is, if it does not say it. */
  readonly ofItems?: Kind | undefined;
  /** The path of the object in the piece: an item of a list keeps its dash. */
  readonly root: FieldPath;
}

/** The value of a piece, or an error and its position, as `LINE:COLUMN`. */
type PieceContent = { readonly value: unknown } | { readonly problem: string; readonly position: string };

const ALIAS = /(?:^|[-:,[{] )\*\S/m;

/**
 * The documents of a file, in steps; a List is split into its items, so that a large file causes no long pause. No other line can begin with `---` or
 * with the dash of an outer list.
 *
 * @param decode turns octets into text, or throws
 */
export function* piecesOf(octets: Buffer, decode: (octets: Buffer) => string): Generator<Piece | undefined> {
  const list = /^\s*\{/.test(octets.toString('latin1', 0, PEEKED)) ? yield* findItems(octets) : undefined;
  const frame = list && frameOf(list);
  if (frame) {
    for (const { start, end, linesBefore, columnsBefore } of list.items) {
      const text = decode(octets.subarray(start, end));
      yield { text, linesBefore, columnsBefore, root: [], ofItems: frame.ofItems };
    }
    return;
  }
  for (const { start, end, linesBefore } of documentsIn(octets)) {
    const piece: Piece = { text: decode(octets.subarray(start, end)), linesBefore, root: [] };
    if (piece.text.trim() !== '') yield* splitItems(piece) ?? [piece];
    yield;
  }
}

/** So much of a file shows whether it can be JSON. */
const PEEKED = 1024;

/** What the items of a list are; undefined if the text around them is not that of a list. */
function frameOf({ frame }: JsonList): { readonly ofItems: Kind | undefined } | undefined {
  let around: { readonly apiVersion?: unknown; readonly kind?: unknown };
  try {
    around = JSON.parse(frame);
  } catch {
    return undefined;
  }
  const { apiVersion, kind } = around;
  if (typeof apiVersion !== 'string' || apiVersion === '' || typeof kind !== 'string' || !kind.endsWith('List'))
    return undefined;
  return { ofItems: kindOfItems({ apiVersion, kind }) };
}

/** Where the documents of a file are. Directives belong to the document after the next `---`, so a file with directives is left whole. */
function* documentsIn(octets: Buffer): Generator<Pick<ListItem, 'start' | 'end' | 'linesBefore'>> {
  let linesBefore = 0;
  const hasDirectives = octets[0] === 0x25 || octets.includes('\n%');
  for (let start = 0; start < octets.length; ) {
    const end = hasDirectives ? octets.length : endOfDocument(octets, start);
    yield { start, end, linesBefore };
    for (let at = octets.indexOf('\n', start); at !== -1 && at < end; at = octets.indexOf('\n', at + 1)) linesBefore++;
    start = end;
  }
}

function endOfDocument(octets: Buffer, start: number): number {
  for (let at = octets.indexOf('\n---', start); at !== -1; at = octets.indexOf('\n---', at + 1)) {
    const after = octets[at + 4];
    if (after === undefined || /\s/.test(String.fromCharCode(after))) return at + 1;
  }
  return octets.length;
}

/** The items of a `kind: List` in kubectl's layout; undefined for anything else. */
function splitItems(piece: Piece): Piece[] | undefined {
  const { text, linesBefore } = piece;
  const items = /^items:[ \t]*\r?\n(?=( *)-\s)/m.exec(text);
  if (!items || ALIAS.test(text)) return undefined;
  const begin = items.index + items[0].length;
  const dash = new RegExp(`^${items[1]}-(?=\\s)`, 'gm');
  const end = begin + (/^(?!-\s)[^\s#]/m.exec(text.slice(begin))?.index ?? text.length - begin);
  const frame = readPiece({ text: text.slice(0, items.index) + text.slice(end), linesBefore, root: [] });
  if (!('value' in frame) || (frame.value as { kind?: unknown } | null)?.kind !== 'List') return undefined;
  const list = text.slice(begin, end);
  const starts = Array.from(list.matchAll(dash), ({ index }) => index);
  return slicesAt(list, starts, linesBefore + countLines(text.slice(0, begin))).map((item) => ({ ...item, root: [0] }));
}

function slicesAt(text: string, starts: readonly number[], linesBefore: number): Piece[] {
  const pieces: Piece[] = [];
  let line = linesBefore;
  for (const [i, start] of starts.entries()) {
    const slice = text.slice(start, starts[i + 1]);
    if (slice.trim() !== '') pieces.push({ text: slice, linesBefore: line, root: [] });
    line += countLines(slice);
  }
  return pieces;
}

/** Reads a piece. If it looks like JSON it is read as JSON, which is much faster. */
export function readPiece(piece: Piece): PieceContent {
  if (/^\s*[{[]/.test(piece.text)) {
    try {
      return { value: JSON.parse(piece.text) as unknown };
    } catch (thrown) {
      // The YAML reader also reads JSON, and its errors are clearer.
      if (piece.text.length > MAX_YAML_LENGTH) return brokenJson(piece, messageOf(thrown));
    }
  }
  try {
    const document = composeYaml(piece.text);
    const [error] = document.errors;
    if (error) return { problem: error.message, position: print(piece, error.pos[0]) };
    const value = document.toJS() as unknown;
    return { value: piece.root.length === 0 ? value : (value as unknown[])[0] };
  } catch (thrown) {
    return { problem: messageOf(thrown), position: print(piece, thrown instanceof YamlLimitError ? thrown.offset : 0) };
  }
}

/** V8's error has a position, except for an unexpected token in a long text. */
function brokenJson(piece: Piece, problem: string): PieceContent {
  const offset = /at position (\d+)/.exec(problem)?.[1] ?? 0;
  return { problem, position: print(piece, Number(offset)) };
}

/** The position of a field in the file, as `LINE:COLUMN`; for a missing field, that of its parent. The piece is read once more for it. */
export function positionOf(piece: Piece, path: FieldPath): string {
  if (piece.text.length > MAX_YAML_LENGTH) return startOf(piece);
  const document = composeYaml(piece.text);
  for (let whole = [...piece.root, ...path]; whole.length > 0; whole = whole.slice(0, -1)) {
    const node = document.getIn(whole, true) as Node | undefined;
    if (node?.range) return print(piece, node.range[0]);
  }
  return print(piece, document.contents?.range?.[0] ?? 0);
}

/** The position of a piece's object, as `LINE:COLUMN`. */
export function startOf(piece: Piece): string {
  const before = /^(?:(?:---)?[ \t]*(?:#.*)?\r?\n)*(?:---)?[ \t]*(?:-\s+)?/.exec(piece.text)?.[0] ?? '';
  return print(piece, before.length);
}

function print({ text, linesBefore, columnsBefore = 0 }: Piece, offset: number): string {
  const before = text.slice(0, offset);
  const lines = countLines(before);
  const column = offset - before.lastIndexOf('\n') + (lines === 0 ? columnsBefore : 0);
  return `${linesBefore + lines + 1}:${column}`;
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
