import { domainToASCII } from 'node:url';
import { CairnError } from '../base/errors.ts';

/**
 * A domain name: absolute, in one canonical presentation form (RFC 1035 §5.1), with its trailing dot.
 *
 * Two names are equal if and only if their folded forms are the same string. Printable ASCII is written as it is, `. \ " ( ) ; @ $` inside a label as
 * `\X`, and every other octet as `\DDD`.
 */
export type Name = string;

export const ROOT: Name = '.';

/** RFC 1035 §3.1: a name has at most 255 octets on the wire, a label at most 63. */
export const MAX_NAME_OCTETS = 255;
export const MAX_LABEL_OCTETS = 63;

export class NameError extends CairnError {
  constructor(message: string) {
    super('NAME', message);
  }
}

const ESCAPED = new Set([...'.\\"();@$'].map((char) => char.charCodeAt(0)));

/** How each octet is written inside a label. */
export const OCTET_TEXT: readonly string[] = Array.from({ length: 256 }, (_, octet) => {
  if (ESCAPED.has(octet)) return `\\${String.fromCharCode(octet)}`;
  if (octet > 0x20 && octet < 0x7f) return String.fromCharCode(octet);
  return `\\${String(octet).padStart(3, '0')}`;
});

/** The name in lower case, the form in which names are compared and looked up (RFC 4343). */
export function foldName(name: Name): Name {
  return name.toLowerCase();
}

/**
 * Reads a name as a user writes it; `origin` completes a name without a trailing dot.
 *
 * @throws NameError on an empty label, a bad escape, or a label or name that is too long.
 */
export function parseName(text: string, origin: Name = ROOT): Name {
  if (text === '') throw new NameError('a domain name is expected, not an empty string');
  if (text === ROOT) return ROOT;
  const labels: string[] = [];
  let label = '';
  let octets = 0;
  let wire = 1;
  let closed = false;
  const endLabel = () => {
    if (octets === 0) throw new NameError(`"${text}" has an empty label`);
    if (octets > MAX_LABEL_OCTETS)
      throw new NameError(
        `"${text}" has a label of ${octets} octets, at most ${MAX_LABEL_OCTETS} are allowed: "${label}"`,
      );
    labels.push(label);
    wire += octets + 1;
    label = '';
    octets = 0;
  };
  for (const octet of octetsOfText(text)) {
    closed = octet === -1;
    if (closed) endLabel();
    else {
      label += OCTET_TEXT[octet];
      octets++;
    }
  }
  if (!closed) endLabel();
  const suffix = closed || origin === ROOT ? ROOT : `.${origin}`;
  if (wire + (suffix === ROOT ? 0 : wireLength(origin) - 1) > MAX_NAME_OCTETS) {
    throw new NameError(`"${text}" is longer than ${MAX_NAME_OCTETS} octets`);
  }
  return labels.join('.') + suffix;
}

/**
 * As {@link parseName}, for names of hosts and zones: a label outside of ASCII becomes an A-label, so `bücher.example` is `xn--bcher-kva.example.` (RFC
 * 5890 §2.3.2.1). Zone files have octets instead.
 *
 * @throws NameError
 */
export function parseUnicodeName(text: string, origin?: Name): Name {
  return parseName(inAscii(text), origin);
}

/** The text with A-labels in the place of labels outside of ASCII. @throws NameError */
export function inAscii(text: string): string {
  if (isAscii(text)) return text;
  return text
    .split('.')
    .map((label) => (isAscii(label) ? label : aLabelOf(label, text)))
    .join('.');
}

function aLabelOf(label: string, name: string): string {
  const converted = domainToASCII(label);
  if (converted !== '') return converted;
  throw new NameError(`"${name}" has a label that cannot be written in ASCII (RFC 5891): "${label}"`);
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  return /^[\x00-\x7f]*$/.test(text);
}

/** The octets of a name in text form, with -1 for every dot that separates labels. */
function* octetsOfText(text: string): Generator<number> {
  const bytes = Buffer.from(text, 'utf8');
  for (let i = 0; i < bytes.length; i++) {
    const octet = bytes[i]!;
    if (octet === 0x2e) yield -1;
    else if (octet !== 0x5c) yield octet;
    else {
      const digits = /^\d{3}/.exec(bytes.toString('latin1', i + 1, i + 4))?.[0];
      if (digits !== undefined && Number(digits) > 255) throw new NameError(`"${text}" has the bad escape \\${digits}`);
      if (digits === undefined && i + 1 >= bytes.length) throw new NameError(`"${text}" ends in a lone backslash`);
      yield digits === undefined ? bytes[i + 1]! : Number(digits);
      i += digits === undefined ? 1 : 3;
    }
  }
}

/** The labels from left to right, as written; empty for the root. */
export function labelsOf(name: Name): string[] {
  const labels: string[] = [];
  for (let from = 0; from !== -1 && name !== ROOT; ) {
    const next = afterLabel(name, from);
    labels.push(name.slice(from, (next === -1 ? name.length : next) - 1));
    from = next;
  }
  return labels;
}

/** Joins labels (canonical form, left to right) to a name below `zone`. */
export function joinName(labels: readonly string[], zone: Name): Name {
  if (labels.length === 0) return zone;
  return zone === ROOT ? `${labels.join('.')}.` : `${labels.join('.')}.${zone}`;
}

/** The index in `name` at which the text after the label that starts at `from` begins; -1 if that was the last label. */
export function afterLabel(name: Name, from: number): number {
  for (let at = name.indexOf('.', from); at !== -1; at = name.indexOf('.', at + 1)) {
    if (name.charCodeAt(at - 1) !== 0x5c || !isEscaped(name, at)) return at + 1 < name.length ? at + 1 : -1;
  }
  return -1;
}

export function startsLabel(name: Name, index: number): boolean {
  return index === 0 || (name.charCodeAt(index - 1) === 0x2e && !isEscaped(name, index - 1));
}

/** Whether the character at `at` is escaped: an odd number of backslashes stands before it. */
function isEscaped(name: Name, at: number): boolean {
  let backslashes = 0;
  while (name.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}

/** The name without its first label; undefined for the root. */
export function parentOf(name: Name): Name | undefined {
  if (name === ROOT) return undefined;
  const next = afterLabel(name, 0);
  return next === -1 ? ROOT : name.slice(next);
}

/** Whether `name` is `zone` or lies below it, by labels. Both must be folded. */
export function isAtOrBelow(name: Name, zone: Name): boolean {
  if (zone === ROOT || name === zone) return true;
  const at = name.length - zone.length;
  if (at <= 0 || !name.endsWith(zone) || name.charCodeAt(at - 1) !== 0x2e) return false;
  return !isEscaped(name, at - 1);
}

/** The longest of `zones` that holds `name`, or undefined. All must be folded. */
export function longestZone(name: Name, zones: readonly Name[]): Name | undefined {
  let best: Name | undefined;
  for (const zone of zones) {
    if ((best === undefined || zone.length > best.length) && isAtOrBelow(name, zone)) best = zone;
  }
  return best;
}

/** A text that sorts by code units like the (folded) name in the canonical order (RFC 4034 §6.1): a zone comes before the names below it. */
export function canonicalKey(name: Name): string {
  const octets = (label: string) =>
    label.replace(/\\(\d{3})|\\?(.)/gs, (_, code: string | undefined, char: string) =>
      String.fromCharCode((code === undefined ? char.charCodeAt(0) : Number(code)) + 1),
    );
  return labelsOf(name).reverse().map(octets).join('\0');
}

/** The number of octets of the name on the wire, uncompressed. */
export function wireLength(name: Name): number {
  if (name === ROOT) return 1;
  if (!name.includes('\\')) return name.length + 1;
  return labelsOf(name).reduce((sum, label) => sum + 1 + label.replace(/\\(?:\d{3}|.)/gs, 'x').length, 1);
}
