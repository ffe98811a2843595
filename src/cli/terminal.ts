import { styleText } from 'node:util';
import { printable } from '../observe/printable.ts';

type Style = Parameters<typeof styleText>[0];

/**
 * A text in a style, if the stream is a terminal that has colours, and NO_COLOR and FORCE_COLOR do not say otherwise. Control characters in the text are
 * escaped: it may come from a peer or a file.
 */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream): string {
  return styleText(style, printable(text), { stream });
}

/** A line of its own, whatever the text holds; in a style as {@link paint} does. */
export function printLine(text: string, stream: NodeJS.WriteStream, style?: Style): void {
  const line = text.replace(/[\r\n]+\s*/g, '; ');
  stream.write(`${style ? paint(style, line, stream) : printable(line)}\n`);
}

/** A value as JSON. Characters that could change how a terminal shows the text are escaped. */
export function printJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2).replace(/[\p{Cf}\p{Zl}\p{Zp}\x7f-\x9f]/gu, escapeUnits);
  return `${text}\n`;
}

function escapeUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
