import { type Field, isReadBack } from './field.ts';
import { parseIP, printIP } from './ip.ts';
import { PresentationError, quoteText, unescapeText, type Words } from './words.ts';

/** RFC 9460 §14.3.2, RFC 9461, RFC 9540. */
const KEYS = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ech', 'ipv6hint', 'dohpath', 'ohttp'];

/**
 * The parameters of SVCB and HTTPS records (RFC 9460 §2), up to the end of the rdata. They stay in octets, as they may be signed; `print` and `parse`
 * convert to and from text.
 */
export const svcParams: Field<Uint8Array> = {
  decode: (reader) => reader.octets(reader.end - reader.offset),
  encode: (writer, octets) => writer.octets(octets),
  print: printParams,
  isPrintable: (octets) => isReadBack(svcParams, octets),
  parse: parseParams,
};

interface Param {
  readonly key: number;
  readonly value: Buffer;
}

/** A parameter of some octets, and the offset where it should end. */
interface FoundParam extends Param {
  readonly end: number;
}

/** The numbers of keys that are handled by themselves. */
export const SvcParam = { mandatory: 0, ipv4hint: 4, ipv6hint: 6 } as const;

/** Whether there is a parameter with this key. */
export function hasParam(octets: Uint8Array, key: number): boolean {
  return [...paramsOf(Buffer.from(octets))].some((param) => param.key === key);
}

/** The parameters without that of a key, which need not be mandatory any more; the same octets if there is none, or if they are malformed. */
export function withoutParam(octets: Uint8Array, key: number): Uint8Array {
  const params = [...paramsOf(Buffer.from(octets))];
  if (params.at(-1)?.end !== octets.length || !params.some((param) => param.key === key)) return octets;
  const left = params.flatMap((param) => {
    if (param.key === key) return [];
    if (param.key !== SvcParam.mandatory) return [param];
    const value = Buffer.concat(
      mandatoryOf(param.value)
        .filter((each) => each !== key)
        .map(u16),
    );
    return value.length > 0 ? [{ ...param, value }] : [];
  });
  return encodeParams(left);
}

function encodeParams(params: readonly Param[]): Uint8Array {
  return new Uint8Array(Buffer.concat(params.flatMap(({ key, value }) => [u16(key), u16(value.length), value])));
}

function* paramsOf(octets: Buffer): Generator<FoundParam, void> {
  for (let at = 0; at + 4 <= octets.length; ) {
    const [key, length] = [octets.readUInt16BE(at), octets.readUInt16BE(at + 2)];
    const end = at + 4 + length;
    yield { key, value: octets.subarray(at + 4, end), end };
    at = end;
  }
}

function printParams(octets: Uint8Array): string {
  return [...paramsOf(Buffer.from(octets))].map(printParam).join(' ');
}

function parseParams(words: Words, what: string): Uint8Array {
  const params = new Map<number, Buffer>();
  while (words.left > 0) {
    const { text } = words.next(what);
    const [, name = '', equals, bare = ''] = /^([^=]*)(=?)(.*)$/s.exec(text)!;
    // `alpn="h2,h3"` comes as two words.
    const value = equals === '=' && bare === '' && words.peek()?.quoted ? words.next(what).text : bare;
    const key = keyOf(name);
    if (key === undefined) throw new PresentationError(`${what}: "${name}" is not a key such as alpn or key65280`);
    if (params.has(key)) throw new PresentationError(`${what}: ${name} occurs twice`);
    params.set(key, parseValue(key, unescapeText(value, 65_535), `${name} of ${what}`));
  }
  for (const key of mandatoryOf(params.get(0))) {
    if (!params.has(key)) throw new PresentationError(`${what}: ${printKey(key)} is mandatory and missing`);
  }
  // RFC 9460 §2.2: in the order of the keys.
  return encodeParams([...params].map(([key, value]) => ({ key, value })).sort((a, b) => a.key - b.key));
}

function keyOf(name: string): number | undefined {
  const known = KEYS.indexOf(name.toLowerCase());
  if (known !== -1) return known;
  const number = Number(/^key(0|[1-9]\d{0,4})$/i.exec(name)?.[1] ?? Number.NaN);
  return number < 65_535 ? number : undefined;
}

function printKey(key: number): string {
  return KEYS[key] ?? `key${key}`;
}

/** The octets of a value; `text` has one character per octet. */
function parseValue(key: number, text: string, what: string): Buffer {
  const fail = (expected: string) => new PresentationError(`${what} must be ${expected}, not "${text}"`);
  const addresses = (octets: number, family: string) =>
    Buffer.concat(
      text.split(',').map((part) => {
        const ip = parseIP(part);
        if (ip?.length !== octets) throw fail(`${family} addresses`);
        return ip;
      }),
    );
  switch (printKey(key)) {
    case 'mandatory': {
      const keys = text.split(',').map(keyOf);
      if (keys.some((each) => each === undefined || each === 0)) throw fail('keys such as alpn,port');
      return Buffer.concat((keys as number[]).sort((a, b) => a - b).map(u16));
    }
    case 'alpn': {
      const ids = splitList(text);
      if (ids.some(({ length }) => length === 0 || length > 255)) throw fail('protocols such as h2,h3');
      return Buffer.concat(ids.map((id) => Buffer.concat([Buffer.of(id.length), Buffer.from(id, 'latin1')])));
    }
    case 'no-default-alpn':
    case 'ohttp':
      if (text !== '') throw fail('without a value');
      return Buffer.alloc(0);
    case 'port':
      if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw fail('a port');
      return u16(Number(text));
    case 'ipv4hint':
      return addresses(4, 'IPv4');
    case 'ipv6hint':
      return addresses(16, 'IPv6');
    case 'ech':
      return Buffer.from(text, 'base64');
    default:
      return Buffer.from(text, 'latin1');
  }
}

function printParam({ key, value }: Param): string {
  const name = printKey(key);
  const addresses = (octets: number) =>
    [...Array(value.length / octets)].map((_, i) => printIP(value.subarray(i * octets, (i + 1) * octets))).join(',');
  const isEven = (octets: number) => value.length > 0 && value.length % octets === 0;
  if (name === 'mandatory' && isEven(2)) return `${name}=${mandatoryOf(value).map(printKey).join(',')}`;
  if (name === 'alpn')
    return `${name}=${quoteText(
      idsOf(value)
        .map((id) => id.replace(/[\\,]/g, '\\$&'))
        .join(','),
    )}`;
  if (name === 'port' && value.length === 2) return `${name}=${value.readUInt16BE(0)}`;
  if (name === 'ipv4hint' && isEven(4)) return `${name}=${addresses(4)}`;
  if (name === 'ipv6hint' && isEven(16)) return `${name}=${addresses(16)}`;
  if (name === 'ech') return `${name}=${value.toString('base64')}`;
  return value.length === 0 ? name : `${name}=${quoteText(value.toString('latin1'))}`;
}

/** RFC 9460 §A.1: items are separated by commas; a comma after a backslash belongs to the item. */
function splitList(text: string): string[] {
  const items = text.match(/(?:\\.|[^\\,])+|(?<=^|,)(?=,|$)/gs) ?? [''];
  return items.map((item) => item.replace(/\\(.)/gs, '$1'));
}

function idsOf(value: Buffer): string[] {
  const ids: string[] = [];
  for (let at = 0; at < value.length; at += 1 + value[at]!) {
    ids.push(value.toString('latin1', at + 1, at + 1 + value[at]!));
  }
  return ids;
}

function mandatoryOf(value: Buffer | undefined): number[] {
  return value ? [...Array(value.length >> 1)].map((_, i) => value.readUInt16BE(2 * i)) : [];
}

function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}
