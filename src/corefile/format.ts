import { lex, type Piece } from './lexer.ts';

const INDENT = '    ';

/** A line of the formatted text. */
interface Line {
  readonly depth: number;
  text: string;
  /** The comment behind the text, or alone, and the column where it began before. */
  comment: string;
  readonly commentColumn: number;
  /** Whether the comment touches the word before it, and so is the rest of that word. */
  isGlued: boolean;
  readonly isBlank: boolean;
}

/**
 * A Corefile's text in the usual form: four blanks for each level, one blank between words, braces at the ends of lines. Words, quotes, comments and the
 * order of lines stay as they are. The text must have no error.
 */
export function formatCorefile(text: string): string {
  const { pieces } = lex(text);
  const lines = alignComments(withBlankLines(linesOf(pieces)));
  return lines.map(printLine).join('');
}

/** Where the formatter is in the text. */
interface State {
  readonly lines: Line[];
  depth: number;
  /** Whether the next piece begins a line. */
  isFresh: boolean;
  /** Whether the keys of a server block go on in the next line. */
  isContinued: boolean;
}

function linesOf(pieces: readonly Piece[]): Line[] {
  const state: State = { lines: [], depth: 0, isFresh: true, isContinued: false };
  for (const piece of pieces) {
    if (piece.startsLine) state.isFresh = true;
    if (piece.blankBefore) state.lines.push(newLine(0, '', 0, true));
    add(state, piece);
  }
  return state.lines;
}

function add(state: State, { kind, text, column, startsLine, isGlued }: Piece): void {
  const last = state.lines.at(-1);
  switch (kind) {
    case 'comment':
      if (startsLine || !last || last.text === '' || last.comment !== '')
        state.lines.push(newLine(state.depth, '', column, false, text));
      else state.lines[state.lines.length - 1] = { ...last, comment: text, commentColumn: column, isGlued };
      state.isFresh = true;
      return;
    case '{':
      // The brace of a server block may stand alone in the next line.
      if (last && last.text !== '' && (!state.isFresh || state.depth === 0)) last.text += ' {';
      else startLine(state, '{', column);
      state.depth++;
      state.isFresh = true;
      return;
    case '}':
      state.depth = Math.max(0, state.depth - 1);
      startLine(state, '}', column);
      // What follows on the line stays there: at the beginning of a line, a word may be an import or a snippet.
      state.isFresh = false;
      return;
    default:
      if (state.isFresh || !last) startLine(state, text, column);
      else last.text += ` ${text}`;
      state.isFresh = false;
      state.isContinued = state.depth === 0 && text.endsWith(',');
  }
}

function startLine(state: State, text: string, column: number): void {
  state.lines.push(newLine(state.depth + (state.isContinued ? 1 : 0), text, column, false));
}

function newLine(depth: number, text: string, commentColumn: number, isBlank: boolean, comment = ''): Line {
  return { depth, text, comment, commentColumn, isGlued: false, isBlank };
}

/** One blank line at most, none at the beginnings and ends of blocks, and one behind each server block. */
function withBlankLines(lines: readonly Line[]): Line[] {
  const found: Line[] = [];
  let isWanted = false;
  for (const line of lines) {
    const before = found.at(-1);
    if (line.isBlank) isWanted = true;
    else {
      const isAtEdge = before === undefined || before.text.endsWith('{') || line.text === '}';
      const isBehindBlock = before?.text === '}' && before.depth === 0;
      if (!isAtEdge && (isWanted || isBehindBlock)) found.push(newLine(0, '', 0, true));
      found.push(line);
      isWanted = false;
    }
  }
  return found;
}

/** Comments of neighbouring lines that stood in one column do so again. */
function alignComments(lines: readonly Line[]): Line[] {
  const aligned = [...lines];
  for (let from = 0; from < lines.length; from++) {
    let to = from;
    while (hasTrailingComment(lines[to]) && lines[to]!.commentColumn === lines[from]!.commentColumn) to++;
    if (to - from < 2) continue;
    const width = Math.max(...lines.slice(from, to).map(widthOf));
    for (let at = from; at < to; at++) {
      const line = lines[at]!;
      aligned[at] = { ...line, text: line.text + ' '.repeat(width - widthOf(line)) };
    }
    from = to - 1;
  }
  return aligned;
}

function hasTrailingComment(line: Line | undefined): boolean {
  return line !== undefined && line.text !== '' && line.comment !== '' && !line.isGlued && !line.text.includes('\n');
}

function widthOf({ depth, text }: Line): number {
  return depth * INDENT.length + text.length;
}

function printLine({ depth, text, comment, isGlued, isBlank }: Line): string {
  if (isBlank) return '\n';
  const gap = text === '' || comment === '' || isGlued ? '' : ' ';
  return `${INDENT.repeat(depth)}${text}${gap}${comment}\n`;
}
