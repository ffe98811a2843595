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
