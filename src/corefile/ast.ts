import type { Position } from './position.ts';
import type { Token } from './token.ts';

/** A name and its arguments on one line: the common part of directives and options. */
export interface Line {
  readonly name: string;
  /** The name before environment variables were filled in; undefined if there are none. */
  readonly written?: string | undefined;
  readonly position: Position;
  readonly args: readonly Token[];
}

/** One line of an option block. */
export interface OptionLine extends Line {}

/** One use of a plugin in a server block. */
export interface Directive extends Line {
  /** The lines of the option block; none if there is no block, or an empty one. */
  readonly options: readonly OptionLine[];
  readonly hasBlock: boolean;
}

export interface ServerBlock {
  /** The position of the first key. */
  readonly position: Position;
  /** The keys as written, with commas removed and environment variables filled in. */
  readonly keys: readonly Token[];
  /** In the order of the file; the order of different directives has no meaning. */
  readonly directives: readonly Directive[];
}
