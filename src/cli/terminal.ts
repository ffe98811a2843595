import { styleText } from 'node:util';
import { printable, printableJson, printableLine } from '../observe/printable.ts';

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
  const line = printableLine(text);
  stream.write(`${style ? paint(style, line, stream) : line}\n`);
}

/** A value as JSON. Characters that could change how a terminal shows the text are escaped. */
export function printJson(value: unknown): string {
  return `${printableJson(value, 2)}\n`;
}
