import { expectingOneOf } from '../../base/suggest.ts';
import { integer } from '../../corefile/arguments.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Token } from '../../corefile/token.ts';
import { parseIP } from '../../dns/ip.ts';
import { type Edns, EdnsOption, OWN_UDP_SIZE } from '../../dns/message.ts';
import type { Query } from '../../plugin/query.ts';
import { alterReply, type Reply } from '../../plugin/reply.ts';
import type { Arguments } from './arguments.ts';
import type { Rewrite, RuleWorld } from './rule.ts';

const ACTIONS = ['set', 'append', 'replace', 'unset'] as const;
type Action = (typeof ACTIONS)[number];

/** Gives the data of an option; undefined if there is none. */
type OptionData = (query: Query, world: RuleWorld) => Uint8Array | undefined;

/** A rule for one option of the query's OPT record. */
interface Edns0Rule {
  readonly rewrite: Rewrite;
  /** Whether it writes data of the client. */
  readonly tailored: boolean;
}

/** Reads `local ACTION CODE DATA [revert]`, `nsid ACTION [revert]` or `subnet ACTION BITS BITS [revert]`. */
export function parseEdns0Rule(args: Arguments): Edns0Rule {
  const option = args.oneOf(['local', 'nsid', 'subnet'], 'kind of edns0 rule');
  const action = args.oneOf(ACTIONS, 'action of an edns0 rule');
  const code = option === 'local' ? parseCode(args) : option === 'nsid' ? EdnsOption.NSID : EdnsOption.SUBNET;
  // Whether the client sent such an option does not follow from the question either.
  if (action === 'unset') return { rewrite: unset(code), tailored: true };
  const { data, fixed } = parseData(option, args);
  const revert = args.skip('revert');
  return { rewrite: put(action, code, data, revert), tailored: !fixed || action === 'replace' };
}

function unset(code: number): Rewrite {
  return (query) => {
    const { edns } = query;
    if (!edns?.options.some((option) => option.code === code)) return undefined;
    return {
      query: withOptions(
        query,
        edns,
        edns.options.filter((option) => option.code !== code),
      ),
    };
  };
}

function put(action: Exclude<Action, 'unset'>, code: number, data: OptionData, revert: boolean): Rewrite {
  return (query, world) => {
    const edns = query.edns ?? { udpSize: OWN_UDP_SIZE, version: 0, do: false, options: [] };
    const others = edns.options.filter((option) => option.code !== code);
    if (action === 'replace' && others.length === edns.options.length) return undefined;
    const written = data(query, world);
    if (!written) return undefined;
    const kept = action === 'append' ? edns.options : others;
    const rewritten = withOptions(query, edns, [...kept, { code, data: written }]);
    return revert ? { query: rewritten, reply: (reply) => withoutOption(reply, code) } : { query: rewritten };
  };
}

function withOptions(query: Query, edns: Edns, options: Edns['options']): Query {
  return { ...query, edns: { ...edns, options } };
}

function withoutOption(reply: Reply, code: number): Reply {
  if (!reply.ednsOptions) return reply;
  return alterReply(reply, { ednsOptions: reply.ednsOptions.filter((option) => option.code !== code) });
}

function parseCode(args: Arguments): number {
  const token = args.next('the code of the option');
  const text = /^0x[0-9a-f]{1,4}$/i.test(token.text) ? String(Number(token.text)) : token.text;
  return integer({ ...token, text }, { min: 1, max: 65_535 }, 'option code');
}

function parseData(option: 'local' | 'nsid' | 'subnet', args: Arguments): { data: OptionData; fixed: boolean } {
  if (option === 'nsid') return { data: () => new Uint8Array(), fixed: true };
  if (option === 'subnet') return { data: parseSubnet(args), fixed: false };
  const token = args.next('the data of the option');
  const { text, position } = token;
  // It may be a secret, so no error quotes it.
  if (/^\{.*\}$/s.test(text)) return { data: variable(token), fixed: false };
  if (!/^0x/i.test(text)) return { data: constant(Buffer.from(text)), fixed: true };
  if (/^0x(?:[0-9a-f]{2})*$/i.test(text)) return { data: constant(Buffer.from(text.slice(2), 'hex')), fixed: true };
  throw new CorefileError(position, 'invalid data, expecting an even number of hexadecimal digits after 0x');
}

const constant =
  (data: Uint8Array): OptionData =>
  () =>
    data;

const VARIABLES: Readonly<Record<string, OptionData>> = {
  '{qname}': ({ question }) => Buffer.from(question.name),
  '{qtype}': ({ type }) => octets16(type),
  '{client_ip}': ({ client }) => addressOctets(client.address),
  '{client_port}': ({ client }) => octets16(client.port),
  '{protocol}': ({ protocol }) => Buffer.from(protocol),
  '{server_ip}': ({ local }) => addressOctets(local.address),
  '{server_port}': ({ local }) => octets16(local.port),
};

function variable({ text, position }: Token): OptionData {
  const known = Object.hasOwn(VARIABLES, text) ? VARIABLES[text] : undefined;
  if (known) return known;
  const label = /^\{([^{}/]+\/[^{}]+)\}$/.exec(text)?.[1];
  if (label !== undefined) return (query, world) => labelOctets(world.label(query, label));
  const names = [...Object.keys(VARIABLES), '{PLUGIN/LABEL}'];
  throw new CorefileError(position, `unsupported variable name "${text}", ${expectingOneOf(text, names)}`);
}

function labelOctets(value: string | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : Buffer.from(value);
}

function octets16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

function addressOctets(address: string): Uint8Array {
  return parseIP(address.replace(/%.*$/, ''))!;
}

/** The client's network with this number of bits, and a scope of 0 (RFC 7871 §6). */
function parseSubnet(args: Arguments): OptionData {
  const ipv4 = integer(args.next('the bits of IPv4 networks'), { min: 0, max: 32 }, 'IPv4 bit mask length');
  const ipv6 = integer(args.next('the bits of IPv6 networks'), { min: 0, max: 128 }, 'IPv6 bit mask length');
  return ({ client: { address } }) => {
    const ip = addressOctets(address);
    const [family, bits] = ip.length === 4 ? [1, ipv4] : [2, ipv6];
    const network = ip.slice(0, Math.ceil(bits / 8));
    if (bits % 8 !== 0) network[network.length - 1]! &= 0xff << (8 - (bits % 8));
    return Uint8Array.of(0, family, bits, 0, ...network);
  };
}
