import { randomInt } from 'node:crypto';
import packet, { type OptAnswer, type Packet, type RecordType } from 'dns-packet';
import { printableLine } from '../observe/printable.ts';
import type { Answer, Query, Reply } from './exchange.ts';

/** The option code of extended errors (RFC 8914 §2). */
const EXTENDED_ERROR = 15;

/** The octets of a query, with a random id; the name must fit into a message. */
export function encodeQuery({ name, type, ednsOctets, ad = false }: Query): Uint8Array {
  const opt = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: ednsOctets ?? 0,
    flags: 0,
    options: [],
  } as unknown as OptAnswer;
  return packet.encode({
    type: 'query',
    id: randomInt(0x10000),
    flags: packet.RECURSION_DESIRED | (ad ? packet.AUTHENTIC_DATA : 0),
    questions: [{ name, type: type as RecordType }],
    additionals: ednsOctets === undefined ? [] : [opt],
  });
}

/** Decodes a response; undefined if the octets are not a message. */
export function decodeReply(octets: Uint8Array): Reply | undefined {
  try {
    return replyOf(packet.decode(Buffer.from(octets)));
  } catch {
    return undefined;
  }
}

/** `dns-packet` gives the rcode as a word, which its types lack. */
type Decoded = Packet & { readonly rcode?: string; readonly flag_aa?: boolean; readonly flag_ra?: boolean };

function replyOf(decoded: Decoded & { readonly flag_tc?: boolean }): Reply {
  const { rcode = 'NOERROR', flag_aa: aa = false, flag_ra: ra = false, flag_tc: tc = false } = decoded;
  const opt = decoded.additionals?.find(({ type }) => type === 'OPT') as OptAnswer | undefined;
  return {
    ...{ rcode, aa, ra, tc },
    answers: (decoded.answers ?? []).map(recordOf),
    authorities: (decoded.authorities ?? []).map(recordOf),
    additionals: (decoded.additionals ?? []).map(recordOf),
    extendedErrors: (opt?.options ?? []).flatMap(({ code, data }) =>
      (code as number) === EXTENDED_ERROR && data && data.length >= 2 ? extendedError(data) : [],
    ),
  };
}

function recordOf({ name, type, ...rest }: NonNullable<Packet['answers']>[number]): Answer {
  const { ttl = 0, data } = rest as { ttl?: number; data?: unknown };
  return { name, type, ttl, data };
}

/** The text ends up in error messages, so it must not look like more than a part of one. */
function extendedError(data: Buffer): string {
  const text = printableLine(data.toString('utf8', 2));
  return `${data.readUInt16BE(0)}${text && ` ${text}`}`;
}
