/** Invisible characters that control a terminal, or change the order or look of the text around them. Line feeds are not among them. */
const RULING = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Escapes characters that could make a text look like something else: the text may come from a peer or a file. */
export function printable(text: string): string {
  return text.replace(RULING, escaped);
}

const SHORT: Readonly<Record<string, string>> = { '\t': '\\t', '\r': '\\r', '\b': '\\b', '\f': '\\f' };

function escaped(character: string): string {
  const hex = character.codePointAt(0)!.toString(16);
  return SHORT[character] ?? (hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`);
}
