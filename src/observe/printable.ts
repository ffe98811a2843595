/** A log line for a query is nearly always ASCII. To find that out is cheaper than to look for the characters below. */
const UNUSUAL = /[^ -~]/;

/** Invisible characters that control a terminal, or change the order or look of the text around them. Line feeds are not among them. */
const RULING = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Escapes characters that could make a text look like something else: the text may come from a peer or a file. */
export function printable(text: string): string {
  return UNUSUAL.test(text) ? text.replace(RULING, escaped) : text;
}

/** The same on one line: a text that has several lines could make up one of the program. */
export function printableLine(text: string): string {
  return UNUSUAL.test(text) ? printable(text.replace(/[\r\n]+\s*/g, '; ')) : text;
}

const SHORT: Readonly<Record<string, string>> = { '\t': '\\t', '\r': '\\r', '\b': '\\b', '\f': '\\f' };

function escaped(character: string): string {
  const hex = character.codePointAt(0)!.toString(16);
  return SHORT[character] ?? (hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`);
}

/** A value as JSON, in which the same characters are escaped. `indent` sets it on several lines. */
export function printableJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  return UNUSUAL.test(text) ? text.replace(/[\p{Cf}\p{Zl}\p{Zp}\x7f-\x9f]/gu, escapedUnits) : text;
}

function escapedUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
