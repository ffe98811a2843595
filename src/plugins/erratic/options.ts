import {
  argsBetween,
  atMostArgs,
  durationMs,
  integer,
  lastUse,
  noArgs,
  parseOptions,
} from '../../corefile/arguments.ts';
import type { Directive, Line } from '../../corefile/ast.ts';
import type { Token } from '../../corefile/token.ts';

/** Each fault happens once in this number of queries; 0 for never. */
export interface ErraticOptions {
  readonly drop: number;
  readonly truncate: number;
  readonly delay: number;
  readonly delayMs: number;
}

const DEFAULT_AMOUNT = 2;
const DEFAULT_DELAY_MS = 100;

/** Reads `erratic { … }`; without options every second query is dropped. @throws CorefileError, CorefileErrors */
export function parseErratic(uses: readonly Directive[]): ErraticOptions {
  const directive = lastUse(uses);
  noArgs(directive);
  const options = { drop: 0, truncate: 0, delay: 0, delayMs: DEFAULT_DELAY_MS };
  parseOptions(directive, {
    drop(line) {
      options.drop = amount(line, atMostArgs(line, 1));
    },
    truncate(line) {
      options.truncate = amount(line, atMostArgs(line, 1));
    },
    delay(line) {
      const args = argsBetween(line, 0, 2);
      options.delay = amount(line, args);
      if (args[1]) options.delayMs = durationMs(args[1]);
    },
  });
  return directive.options.length === 0 ? { ...options, drop: DEFAULT_AMOUNT } : options;
}

function amount({ name }: Line, [token]: readonly Token[]): number {
  return token ? integer(token, { min: 0 }, `amount of '${name}'`) : DEFAULT_AMOUNT;
}
