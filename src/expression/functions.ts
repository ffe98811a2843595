import { CairnError } from '../base/errors.ts';
import { parseIP, parsePrefix, prefixContains } from '../dns/ip.ts';
import { printClass } from '../dns/message.ts';
import { printType as printRRType } from '../dns/rr.ts';
import type { Query } from '../plugin/query.ts';
import type { QueryFunction, Scope, Type, Value } from './expression.ts';

/** The maximum length of a text that an expression makes. */
const MAX_TEXT_CHARS = 65_535;

const of = (gives: Type, call: (query: Query) => Value): QueryFunction => ({
  takes: [],
  gives,
  call: ({ query }) => call(query),
});
const asked = (call: (question: Scope['question']) => string): QueryFunction => ({
  takes: [],
  gives: 'string',
  call: ({ question }) => call(question),
});
const ofText = (count: number, gives: Type, call: (...texts: string[]) => Value): QueryFunction => ({
  takes: Array<Type>(count).fill('string'),
  gives,
  call: (_, args) => call(...(args as string[])),
});

const TEXTS: Type = { listOf: 'string' };

/** A client without EDNS takes messages of 512 octets (RFC 1035 §2.3.4). */
const DEFAULT_UDP_SIZE = 512;

/** CoreDNS's functions of a query, and some functions of expr-lang. */
export const FUNCTIONS: ReadonlyMap<string, QueryFunction> = new Map<string, QueryFunction>([
  ['bufsize', of('number', ({ edns }) => Math.max(edns?.udpSize ?? 0, DEFAULT_UDP_SIZE))],
  ['class', asked((question) => printClass(question.class))],
  ['client_ip', of('string', ({ client }) => client.address)],
  ['do', of('boolean', ({ edns }) => edns?.do ?? false)],
  ['id', of('number', ({ message }) => message.id)],
  ['name', asked(({ name }) => name)],
  ['opcode', of('number', ({ message }) => message.opcode)],
  ['port', of('string', ({ client }) => String(client.port))],
  ['proto', of('string', ({ protocol }) => protocol)],
  ['server_ip', of('string', ({ local }) => local.address)],
  ['server_port', of('string', ({ local }) => String(local.port))],
  ['size', of('number', ({ octets }) => octets)],
  ['type', asked(({ type }) => printRRType(type))],
  ['metadata', { takes: ['string'], gives: 'string', call: ({ label }, [name]) => label(name as string) ?? '' }],
  [
    'incidr',
    { takes: ['string', 'string'], gives: 'boolean', call: (_, [ip, cidr]) => isIn(ip as string, cidr as string) },
  ],
  [
    'len',
    { takes: [['string', { listOf: 'unknown' }]], gives: 'number', call: (_, [text]) => (text as string).length },
  ],
  ['int', { takes: [['number', 'string']], gives: 'number', call: (_, [value]) => integerOf(value!) }],
  ['string', { takes: [['boolean', 'number', 'string']], gives: 'string', call: (_, [value]) => String(value) }],
  ['lower', ofText(1, 'string', (text) => text.toLowerCase())],
  ['upper', ofText(1, 'string', (text) => text.toUpperCase())],
  ['trim', ofText(1, 'string', (text) => text.trim())],
  ['trimPrefix', ofText(2, 'string', (text, start) => (text.startsWith(start) ? text.slice(start.length) : text))],
  [
    'trimSuffix',
    ofText(2, 'string', (text, end) => (text.endsWith(end) ? text.slice(0, text.length - end.length) : text)),
  ],
  ['replace', ofText(3, 'string', (text, old, put) => bounded(text.replaceAll(old, () => put)))],
  ['split', ofText(2, TEXTS, (text, between) => text.split(between))],
  [
    'join',
    {
      takes: [TEXTS, 'string'],
      gives: 'string',
      call: (_, [list, between]) => joined(list as string[], between as string),
    },
  ],
  ['indexOf', ofText(2, 'number', (text, part) => text.indexOf(part))],
]);

function isIn(text: string, cidr: string): boolean {
  const ip = parseIP(text.replace(/^\[(.*)\]$/, '$1').replace(/%.*/, ''));
  const prefix = parsePrefix(cidr);
  if (!ip) throw new CairnError('EXPRESSION', `not an IP address: '${text}'`);
  if (!prefix) throw new CairnError('EXPRESSION', `not a CIDR such as 10.0.0.0/8: '${cidr}'`);
  return prefixContains(prefix, ip);
}

/** @throws CairnError */
function integerOf(value: Value): number {
  if (typeof value === 'number') return Math.trunc(value);
  if (/^[+-]?\d+$/.test(value as string)) return Number(value);
  throw new CairnError('EXPRESSION', `not a whole number: '${value}'`);
}

function joined(list: readonly string[], between: string): string {
  return bounded(list.join(between));
}

/** Limits the length of a text: each variable could double that of the one before. @throws CairnError if it is too long */
export function bounded(text: string): string {
  if (text.length <= MAX_TEXT_CHARS) return text;
  throw new CairnError('EXPRESSION', `the text has more than ${MAX_TEXT_CHARS} characters`);
}
