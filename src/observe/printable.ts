/** Characters that show nothing of their own, but rule a terminal or the order and look of those around them; line feeds are not among them. */
const RULING = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A text for people's eyes: what it holds may come from a peer or a file, so characters that could make it look like something else are escaped. */
export function printable(text: string): string {
  return text.replace(RULING, escaped);
}

const SHORT: Readonly<Record<string, string>> = { '\t': '\\t', '\r': '\\r', '\b': '\\b', '\f': '\\f' };

function escaped(character: string): string {
  const hex = character.codePointAt(0)!.toString(16);
  return SHORT[character] ?? (hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`);
}
