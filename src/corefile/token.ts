import type { Position } from './position.ts';

/** The kind of a token in the grammar; a quoted brace is text. */
export type TokenKind = 'word' | 'quoted' | '{' | '}';

/** A word of the Corefile. */
export interface Token {
  readonly kind: TokenKind;
  /** Without quotes, and with environment variables filled in once the file has been read. */
  readonly text: string;
  /** The text before environment variables were filled in; undefined if there are none. */
  readonly written?: string | undefined;
  readonly position: Position;
  /**
   * Whether the token is the first on its line. The grammar needs no more about lines, so tokens of an import never join a line of the importing file
   * or of another import.
   */
  readonly startsLine: boolean;
}

/** The index after the brace that matches the one at `open`; undefined if there is none. */
export function afterBraces(tokens: readonly Token[], open: number): number | undefined {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    const { kind } = tokens[at]!;
    if (kind === '{') depth++;
    if (kind === '}' && --depth === 0) return at + 1;
  }
  return undefined;
}
