/** A place in a Corefile or in a file that it imports; line and column count from 1, columns in UTF-16 code units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The position as editors and terminals understand it: `FILE:LINE:COLUMN`. */
export function printPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}
