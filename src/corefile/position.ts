import { dirname } from 'node:path';

/** A place in a Corefile or in a file that it imports; line and column count from 1, columns in UTF-16 code units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The folder where relative paths start, if it is not that of the file: the text may be a part of another file. */
  readonly folder?: string;
}

/** The place of a line and column of a text. */
export type Locate = (line: number, column: number) => Position;

/** The places of a text that is a whole file. */
export function inFile(file: string): Locate {
  return (line, column) => ({ file, line, column });
}

/** Where relative paths start that stand at this place. */
export function folderOf({ file, folder = dirname(file) }: Position): string {
  return folder;
}

/** The position as editors and terminals understand it: `FILE:LINE:COLUMN`. */
export function printPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}
