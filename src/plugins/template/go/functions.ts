import { TemplateError } from './error.ts';
import { printf } from './printf.ts';
import { fieldOf, isArray, isMap, isTrue, kindOf, printValue, type Value } from './value.ts';

type GoFunction = (...args: readonly Value[]) => Value;

/** Go's functions, and `parseInt` of CoreDNS. `and` and `or` evaluate only the arguments that they need: see evaluate.ts. */
export const FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ['and', (...args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1)],
  ['or', (...args) => args.find(isTrue) ?? args.at(-1)],
  ['not', (value) => !isTrue(value)],
  ['len', (value) => lengthOf(value)],
  ['index', (value, ...keys) => keys.reduce(indexInto, value)],
  ['slice', sliceOf],
  ['print', sprint],
  ['println', (...args) => `${args.map((arg) => printValue(arg)).join(' ')}\n`],
  ['printf', (format, ...args) => printf(stringOf(format, 'printf'), args)],
  ['eq', (first, ...others) => others.some((other) => compare(first, other) === 0)],
  ['ne', (a, b) => compare(a, b) !== 0],
  ['lt', (a, b) => order(a, b) < 0],
  ['le', (a, b) => order(a, b) <= 0],
  ['gt', (a, b) => order(a, b) > 0],
  ['ge', (a, b) => order(a, b) >= 0],
  ['parseInt', parseInteger],
]);

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (isArray(value)) return value.length;
  if (isMap(value)) return value.size;
  throw new TemplateError(`len of ${kindOf(value)}`);
}

function indexInto(value: Value, key: Value): Value {
  if (isMap(value)) return fieldOf(value, stringOf(key, 'index'));
  const at = numberOf(key, 'index');
  const length = lengthOf(value);
  if (!Number.isInteger(at) || at < 0 || at >= length) throw new TemplateError(`index out of range: ${at}`);
  return isArray(value) ? value[at] : Buffer.from(value as string)[at];
}

function sliceOf(value: Value, ...bounds: readonly Value[]): Value {
  if (!isArray(value) && typeof value !== 'string') throw new TemplateError(`slice of ${kindOf(value)}`);
  const length = lengthOf(value);
  const [start = 0, end = length] = bounds.map((bound) => numberOf(bound, 'slice'));
  if (start < 0 || end > length || start > end) throw new TemplateError(`slice out of range: ${start}:${end}`);
  return isArray(value) ? value.slice(start, end) : Buffer.from(value).toString('utf8', start, end);
}

/** Puts spaces between operands if neither is a string, as Go does. */
function sprint(...args: readonly Value[]): string {
  const isText = (value: Value) => typeof value === 'string';
  return args.map((arg, i) => (i > 0 && !isText(arg) && !isText(args[i - 1]) ? ' ' : '') + printValue(arg)).join('');
}

function compare(a: Value, b: Value): number {
  if (a === undefined || b === undefined) return a === b ? 0 : 1;
  if (typeof a !== typeof b || typeof a === 'object' || typeof a === 'function') {
    throw new TemplateError(`incompatible types for comparison: ${kindOf(a)} and ${kindOf(b)}`);
  }
  return a === b ? 0 : a < b ? -1 : 1;
}

function order(a: Value, b: Value): number {
  if (typeof a === 'boolean' || a === undefined || b === undefined) {
    throw new TemplateError(`invalid type for comparison: ${kindOf(a ?? b)}`);
  }
  return compare(a, b);
}

/** `parseInt TEXT BASE BITS`, without a sign. */
function parseInteger(text: Value, base: Value, bits: Value): number {
  const digits = stringOf(text, 'parseInt');
  const radix = numberOf(base, 'parseInt');
  const value = [...digits.toLowerCase()].every((digit) => !Number.isNaN(Number.parseInt(digit, radix)))
    ? Number.parseInt(digits, radix)
    : Number.NaN;
  const size = numberOf(bits, 'parseInt') || 64;
  if (value < 2 ** Math.min(size, 53)) return value;
  throw new TemplateError(`parseInt: "${digits}" is not a number of base ${radix} and ${size} bits`);
}

function stringOf(value: Value, name: string): string {
  if (typeof value === 'string') return value;
  throw new TemplateError(`${name} takes a string, not ${kindOf(value)}`);
}

function numberOf(value: Value, name: string): number {
  if (typeof value === 'number') return value;
  throw new TemplateError(`${name} takes a number, not ${kindOf(value)}`);
}
