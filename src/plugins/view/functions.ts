import { parseIP, parsePrefix, prefixContains } from '../../dns/ip.ts';
import { printClass } from '../../dns/message.ts';
import { printType as printRRType } from '../../dns/rr.ts';
import { CairnError } from '../../errors.ts';
import type { Query } from '../../plugin/query.ts';
import type { Type, Value } from './expression.ts';

/** What expressions are evaluated with. */
export interface Scope {
  readonly query: Query;
  /** What a plugin of the block says of the query under a label. */
  label(label: string): string | undefined;
}

/** A function that expressions can call; it throws where it has no value. */
export interface QueryFunction {
  readonly takes: readonly Type[];
  readonly gives: Type;
  call(scope: Scope, args: readonly Value[]): Value;
}

const of = (gives: Type, call: (query: Query) => Value): QueryFunction => ({
  takes: [],
  gives,
  call: ({ query }) => call(query),
});

/** A client without EDNS takes messages of 512 octets (RFC 1035 §2.3.4). */
const DEFAULT_UDP_SIZE = 512;

/** CoreDNS's functions of a query. */
export const FUNCTIONS: ReadonlyMap<string, QueryFunction> = new Map<string, QueryFunction>([
  ['bufsize', of('number', ({ edns }) => Math.max(edns?.udpSize ?? 0, DEFAULT_UDP_SIZE))],
  ['class', of('string', (query) => printClass(query.class))],
  ['client_ip', of('string', ({ client }) => client.address)],
  ['do', of('boolean', ({ edns }) => edns?.do ?? false)],
  ['id', of('number', ({ message }) => message.id)],
  ['name', of('string', ({ name }) => name)],
  ['opcode', of('number', ({ message }) => message.opcode)],
  ['port', of('string', ({ client }) => String(client.port))],
  ['proto', of('string', ({ protocol }) => protocol)],
  ['server_ip', of('string', ({ local }) => local.address)],
  ['server_port', of('string', ({ local }) => String(local.port))],
  ['size', of('number', ({ octets }) => octets)],
  ['type', of('string', ({ type }) => printRRType(type))],
  ['metadata', { takes: ['string'], gives: 'string', call: ({ label }, [name]) => label(name as string) ?? '' }],
  [
    'incidr',
    { takes: ['string', 'string'], gives: 'boolean', call: (_, [ip, cidr]) => isIn(ip as string, cidr as string) },
  ],
  ['len', { takes: ['string'], gives: 'number', call: (_, [text]) => (text as string).length }],
  ['lower', { takes: ['string'], gives: 'string', call: (_, [text]) => (text as string).toLowerCase() }],
  ['upper', { takes: ['string'], gives: 'string', call: (_, [text]) => (text as string).toUpperCase() }],
]);

function isIn(text: string, cidr: string): boolean {
  const ip = parseIP(text.replace(/^\[(.*)\]$/, '$1').replace(/%.*/, ''));
  const prefix = parsePrefix(cidr);
  if (!ip) throw new CairnError('VIEW', `not an IP address: '${text}'`);
  if (!prefix) throw new CairnError('VIEW', `not a CIDR such as 10.0.0.0/8: '${cidr}'`);
  return prefixContains(prefix, ip);
}
