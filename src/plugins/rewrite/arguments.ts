import { oneOfAnyCase } from '../../corefile/arguments.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Position } from '../../corefile/position.ts';
import type { Token } from '../../corefile/token.ts';

/** The words of one rule, read from left to right; they may stand on several lines of an option block. */
export class Arguments {
  private readonly tokens: readonly Token[];
  private readonly start: Position;
  private at = 0;

  constructor(tokens: readonly Token[], start: Position) {
    this.tokens = tokens;
    this.start = start;
  }

  get left(): number {
    return this.tokens.length - this.at;
  }

  /** The next word, or a later one, without reading it. */
  peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead];
  }

  /** @throws CorefileError naming `what` when no word is left. */
  next(what: string): Token {
    const token = this.tokens[this.at];
    if (!token) throw new CorefileError(this.tokens.at(-1)?.position ?? this.start, `${what} is missing`);
    this.at++;
    return token;
  }

  /** The next word, which must be one of `words`, in any case. @throws CorefileError */
  oneOf<W extends string>(words: readonly W[], what: string): W {
    return oneOfAnyCase(this.next(what), words, what);
  }

  /** Whether the next word is this one, which is then read. */
  skip(word: string): boolean {
    if (this.peek()?.text.toLowerCase() !== word) return false;
    this.at++;
    return true;
  }

  /** @throws CorefileError if a word is left. */
  end(): void {
    const token = this.peek();
    if (token) throw new CorefileError(token.position, `unexpected "${token.text}", expecting the end of the rule`);
  }
}
