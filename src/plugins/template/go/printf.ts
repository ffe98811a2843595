import { TemplateError } from './error.ts';
import { kindOf, printValue, type Value } from './value.ts';

/** The maximum width: more padding would not fit into a record. */
const MAX_WIDTH = 255;

const VERB = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?([a-zA-Z%])/g;

/** The part of Go's Sprintf that names, addresses and numbers need. @throws TemplateError if Go would print an error into the text. */
export function printf(format: string, args: readonly Value[]): string {
  let next = 0;
  const take = (): Value => {
    if (next >= args.length) throw new TemplateError(`printf: "${format}" has more verbs than there are values`);
    return args[next++];
  };
  const size = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    const value = text === '*' ? numberOf(take()) : Number(text);
    if (Math.abs(value) > MAX_WIDTH) throw new TemplateError(`printf: ${value} is wider than ${MAX_WIDTH}`);
    return value;
  };
  const printed = format.replace(VERB, (spec: string, flags: string, width?: string, digits?: string, verb = '') => {
    if (verb === '%') return '%';
    const columns = size(width);
    const precision = /\.[^.]*$/.test(spec.slice(0, -1)) ? (size(digits) ?? 0) : undefined;
    return pad(convert(verb, take(), flags, precision), flags, columns);
  });
  if (next < args.length) throw new TemplateError(`printf: "${format}" has fewer verbs than there are values`);
  return printed;
}

function pad(text: string, flags: string, width = 0): string {
  if (flags.includes('-') || width < 0) return text.padEnd(Math.abs(width));
  if (!flags.includes('0') || !/^[+-]?[0-9a-fA-Fx.]/.test(text)) return text.padStart(width);
  const sign = /^[+-]?(?:0[xX])?/.exec(text)![0];
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

function convert(verb: string, value: Value, flags: string, precision: number | undefined): string {
  switch (verb) {
    case 'v':
      return printValue(value);
    case 's':
      return printValue(value, '%!s(<nil>)').slice(0, precision);
    case 'q':
      return typeof value === 'number' ? `'${String.fromCodePoint(value)}'` : JSON.stringify(printValue(value));
    case 't':
      if (typeof value === 'boolean') return String(value);
      throw new TemplateError(`printf: %t takes a boolean, not ${kindOf(value)}`);
    case 'c':
      return String.fromCodePoint(numberOf(value));
    case 'x':
    case 'X': {
      const hex = typeof value === 'string' ? Buffer.from(value).toString('hex') : integer(value, 16, '0x', flags);
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    case 'd':
      return integer(value, 10, '', flags);
    case 'b':
      return integer(value, 2, '0b', flags);
    case 'o':
      return integer(value, 8, '0', flags);
    case 'f':
      return sign(numberOf(value), flags) + Math.abs(numberOf(value)).toFixed(precision ?? 6);
    case 'e':
      return numberOf(value)
        .toExponential(precision ?? 6)
        .replace(/e([+-])(\d)$/, 'e$10$2');
    case 'g':
      return String(precision === undefined ? numberOf(value) : Number(numberOf(value).toPrecision(precision || 1)));
    default:
      throw new TemplateError(`printf: there is no verb %${verb}`);
  }
}

function integer(value: Value, base: number, prefix: string, flags: string): string {
  const number = numberOf(value);
  if (!Number.isInteger(number)) throw new TemplateError(`printf: ${number} is not an integer`);
  return sign(number, flags) + (flags.includes('#') ? prefix : '') + Math.abs(number).toString(base);
}

function sign(number: number, flags: string): string {
  if (number < 0) return '-';
  return flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
}

function numberOf(value: Value): number {
  if (typeof value === 'number') return value;
  throw new TemplateError(`printf: a number is expected, not ${kindOf(value)}`);
}
