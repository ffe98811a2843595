import { CairnError } from '../base/errors.ts';
import { type Name, ROOT } from './name.ts';

/** A mistake in zone-file text. */
export class PresentationError extends CairnError {
  constructor(message: string) {
    super('PRESENTATION', message);
  }
}

/** One word of a zone-file entry (RFC 1035 §5.1): its text with escapes as written, and whether it was in quotes. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

/** The words of one entry, read from left to right. */
export class Words {
  readonly origin: Name;
  private readonly words: readonly Word[];
  private at = 0;

  constructor(words: readonly Word[], origin: Name = ROOT) {
    this.words = words;
    this.origin = origin;
  }

  get left(): number {
    return this.words.length - this.at;
  }

  peek(): Word | undefined {
    return this.words[this.at];
  }

  /** @throws PresentationError naming `what` when no word is left. */
  next(what: string): Word {
    const word = this.words[this.at];
    if (!word) throw new PresentationError(`${what} is missing`);
    this.at++;
    return word;
  }

  rest(): readonly Word[] {
    const rest = this.words.slice(this.at);
    this.at = this.words.length;
    return rest;
  }

  /** A whole number within the bounds. */
  integer(what: string, max: number): number {
    const { text } = this.next(what);
    if (!/^\d{1,10}$/.test(text) || Number(text) > max) {
      throw new PresentationError(`${what} must be a whole number from 0 to ${max}, not "${text}"`);
    }
    return Number(text);
  }

  /** A number of seconds of 32 bits, with or without units: `3600`, `1h30m`. */
  seconds(what: string): number {
    const { text } = this.next(what);
    const seconds = parseSeconds(text);
    if (seconds === undefined || seconds > 0xffffffff) {
      throw new PresentationError(`${what} must be a number of seconds such as 3600 or 1h30m, not "${text}"`);
    }
    return seconds;
  }
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** A duration as zone files have it, in seconds: `3600`, `1h30m`, `2W`; undefined for anything else. */
export function parseSeconds(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  if (!/^(?:\d+[smhdw])+$/i.test(text)) return undefined;
  const parts = [...text.toLowerCase().matchAll(/(\d+)([smhdw])/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_SECONDS[unit!]!, 0);
}

/** Splits one zone-file entry into words; parentheses are white space, `;` starts a comment. */
export function splitWords(text: string): Word[] {
  const words: Word[] = [];
  const pattern = /"((?:\\.|[^"\\])*)"|;[^\n]*|[()\s]+|((?:\\.|[^\s();"\\])+)|(.)/gs;
  for (const [, quoted, bare, stray] of text.matchAll(pattern)) {
    if (stray !== undefined) throw new PresentationError(`unexpected ${stray} in: ${text}`);
    const word = quoted ?? bare;
    if (word !== undefined) words.push({ text: word, quoted: quoted !== undefined });
  }
  return words;
}

/** The octets of a <character-string> as written, one character per octet. */
export function unescapeText(text: string, maxOctets = 255): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const octets = bytes.replace(/\\(\d{3}|.)/gs, (_, code: string) => {
    if (code.length === 1) return code;
    if (Number(code) > 255) throw new PresentationError(`a character-string has the bad escape \\${code}`);
    return String.fromCharCode(Number(code));
  });
  if (octets.length > maxOctets) throw new PresentationError(`a character-string has at most ${maxOctets} octets`);
  return octets;
}

/** A <character-string> in quotes, ready for a zone file. */
export function quoteText(octets: string): string {
  const escaped = octets.replace(/["\\]|[^ -~]/g, (char) =>
    char === '"' || char === '\\' ? `\\${char}` : `\\${String(char.charCodeAt(0)).padStart(3, '0')}`,
  );
  return `"${escaped}"`;
}
