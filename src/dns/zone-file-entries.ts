import { PresentationError, type Word } from './words.ts';

/** The words of one record or directive of a zone file. */
export interface ZoneFileEntry {
  /** Where it begins, from 1. */
  readonly line: number;
  /** At least one. */
  readonly words: readonly Word[];
  /** Whether there is white space before the first word, so that the owner name is that of the entry before. */
  readonly isIndented: boolean;
}

/** Line break; parenthesis; quoted string; word; comment and white space; anything else, which is a mistake. */
const LEXEME = /(\n)|([()])|"((?:\\[^\n]|[^"\\\n])*)"|((?:\\[^\n]|[^\s();"\\])+)|;[^\n]*|[^\S\n]+|(.)/gsy;

/**
 * Splits a zone file into its entries (RFC 1035 §5.1): one on each line, or on several lines in parentheses.
 *
 * @param onMistake called with the line of the error that is thrown.
 * @throws PresentationError
 */
export function* readEntries(text: string, onMistake: (line: number) => void): Generator<ZoneFileEntry, void> {
  const fail = (at: number, problem: string): never => {
    onMistake(at);
    throw new PresentationError(problem);
  };
  const lexeme = new RegExp(LEXEME);
  lexeme.lastIndex = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  let words: Word[] = [];
  let startLine = 1;
  let isIndented = false;
  let openedAt = 0;
  for (let isLineStart = true, match = lexeme.exec(text); match; match = lexeme.exec(text)) {
    const [whole, lineBreak, parenthesis, quoted, bare, stray] = match;
    const word = quoted ?? bare;
    if (lineBreak !== undefined) {
      line++;
      if (openedAt > 0) continue;
      if (words.length > 0) yield { line: startLine, words, isIndented };
      words = [];
    } else if (word !== undefined) {
      if (words.length === 0) startLine = line;
      if (isLineStart) isIndented = false;
      words.push({ text: word, quoted: quoted !== undefined });
    } else if (parenthesis === '(') {
      if (openedAt > 0) fail(line, 'a parenthesis inside a parenthesis');
      if (isLineStart) isIndented = false;
      openedAt = line;
    } else if (parenthesis === ')') {
      if (openedAt === 0) fail(line, 'a closing parenthesis without an opening one');
      openedAt = 0;
    } else if (stray !== undefined) {
      fail(line, stray === '"' ? 'a quoted string does not end on its line' : `unexpected ${stray}`);
    } else if (isLineStart) {
      isIndented = !whole.startsWith(';');
    }
    isLineStart = lineBreak !== undefined;
  }
  if (openedAt > 0) fail(openedAt, 'a parenthesis is not closed');
  if (words.length > 0) yield { line: startLine, words, isIndented };
}
