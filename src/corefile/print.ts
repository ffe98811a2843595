import type { Directive, Line, ServerBlock } from './ast.ts';
import type { Token } from './token.ts';

/**
 * Prints server blocks in a normal form, without comments, imports and environment variables.
 *
 * Two Corefiles with the same normal form have the same meaning, so a reload has nothing to do.
 */
export function printCorefile(blocks: readonly ServerBlock[]): string {
  return blocks.map(printBlock).join('');
}

function printBlock({ keys, directives }: ServerBlock): string {
  const lines = directives.flatMap(directiveLines).map((line) => `    ${line}`);
  return [`${keys.map(printToken).join(' ')} {`, ...lines, '}', ''].join('\n');
}

/** Prints one use of a directive in the same normal form. */
export function printDirective(directive: Directive): string {
  return directiveLines(directive).join('\n');
}

function directiveLines(directive: Directive): string[] {
  if (!directive.hasBlock) return [printLine(directive)];
  return [`${printLine(directive)} {`, ...directive.options.map((option) => `    ${printLine(option)}`), '}'];
}

function printLine({ name, args }: Line): string {
  return [printText(name), ...args.map(printToken)].join(' ');
}

function printToken({ text }: Token): string {
  return printText(text);
}

/** Adds quotes only if the text would not be read as the same word without them. */
function printText(text: string): string {
  const isPlain = /^[^\p{White_Space}"#][^\p{White_Space}#]*$/u.test(text) && text !== '{' && text !== '}';
  return isPlain ? text : `"${text.replaceAll('"', '\\"')}"`;
}
