import { printDuration } from '../../base/duration.ts';
import { OverloadError } from '../../base/errors.ts';
import { argsBetween, atMostArgs, durationMs, noArgs, once, oneOf, parseOptions } from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { pattern } from '../../corefile/pattern.ts';
import { printType } from '../../dns/rr.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { boundLines } from './bound.ts';
import { type ConsolidateRule, consolidate } from './consolidate.ts';

interface ErrorsOptions {
  /** Whether unexpected errors are logged with their stack. */
  readonly stacktrace: boolean;
  /** The first rule that matches an error counts it. */
  readonly rules: readonly ConsolidateRule[];
}

const LEVELS = ['warning', 'error', 'info', 'debug'] as const;
const SHOW_FIRST = 'show_first';

/** Logs why queries failed. */
export default definePlugin<ErrorsOptions>({
  name: 'errors',
  dependsOn: 'question',

  parse(uses) {
    const directive = once(uses);
    const [destination] = atMostArgs(directive, 1);
    if (destination) oneOf(destination, ['stdout']);
    return parseBlock(directive);
  },

  create({ stacktrace, rules }, { log, clock }) {
    const lines = boundLines(clock, log);
    let count = 0;
    let latest: { readonly text: string; readonly atMs: number } | undefined;
    const counters = rules.map((rule) => consolidate(rule, clock, log));
    return {
      observe(query, { reply: { rcode, error } }) {
        if (error === undefined || error instanceof OverloadError) return;
        const counter = counters.find(({ matches }) => matches(error.message));
        const unforeseen = stacktrace && !('code' in error);
        const text = `${rcode} ${query.name} ${printType(query.type)}: ${unforeseen ? error.stack : error.message}`;
        count++;
        latest = { text, atMs: clock.monotonic() };
        if (counter) counter.count(text);
        else lines.write(text);
      },
      // A reply with an error is never repeated.
      observeRepetitions() {},
      status() {
        const figures = { errors: count };
        if (!latest) return { summary: 'No query has failed.', figures };
        const ago = printDuration(clock.monotonic() - latest.atMs);
        return { summary: `Queries that failed: ${count}, the last one ${ago} ago: ${latest.text}`, figures };
      },
      stop() {
        for (const { flush } of [...counters, lines]) flush();
      },
    };
  },
});

function parseBlock(directive: Directive): ErrorsOptions {
  const rules: ConsolidateRule[] = [];
  let stacktrace = false;
  parseOptions(directive, {
    stacktrace(line) {
      noArgs(line);
      stacktrace = true;
    },
    consolidate: (line) => rules.push(parseRule(line)),
  });
  return { stacktrace, rules };
}

function parseRule(line: OptionLine): ConsolidateRule {
  const [period, expression, ...rest] = argsBetween(line, 2, 4);
  const words = rest.map((token) => oneOf(token, [...LEVELS, SHOW_FIRST]));
  return {
    periodMs: durationMs(period, { minMs: 1 }),
    period: period.text,
    pattern: pattern(expression),
    source: expression.text,
    level: LEVELS.find((level) => words.includes(level)) ?? 'error',
    showFirst: words.includes(SHOW_FIRST),
  };
}
