import { Class, type Message, Opcode, Rcode } from '../../dns/message.ts';
import { decodeMessage, HEADER_OCTETS } from '../../dns/wire/decode.ts';
import { encodeHeaderReply } from '../../dns/wire/encode.ts';
import { WireError } from '../../dns/wire/error.ts';

/** The verdict on a peer's message, before any plugin sees it. */
export type Verdict =
  | { readonly kind: 'query'; readonly message: Message }
  /** The query is well-formed, but not for this server. The response is an error with the question and OPT. */
  | { readonly kind: 'refuse'; readonly message: Message; readonly rcode: number }
  /** The message is not a query. The response is only a header. */
  | { readonly kind: 'error'; readonly reply: Buffer; readonly reason: string }
  /** The message is a response or too short. It gets no response, as two servers could go on responding to each other. */
  | { readonly kind: 'ignore'; readonly reason: string };

/** A query has only a few records besides the question: IXFR and NOTIFY have an SOA record, and OPT and TSIG come at the end. */
const MAX_ANSWERS = 1;
const MAX_AUTHORITIES = 1;
const MAX_ADDITIONALS = 2;

/** Judges a peer's message; `anyClass` allows classes other than IN. Never throws. */
export function accept(bytes: Uint8Array, anyClass: boolean): Verdict {
  if (bytes.length < HEADER_OCTETS) return { kind: 'ignore', reason: 'short' };
  if ((bytes[2]! & 0x80) !== 0) return { kind: 'ignore', reason: 'reply' };
  const opcode = (bytes[2]! >> 3) & 0xf;
  if (opcode !== Opcode.QUERY && opcode !== Opcode.NOTIFY) {
    return { kind: 'error', reply: encodeHeaderReply(bytes, Rcode.NOTIMP), reason: 'opcode' };
  }
  if (count(bytes, 4) !== 1 || !countsAllowed(bytes)) return malformed(bytes, 'counts');
  const message = tryDecode(bytes);
  if (message === undefined) return malformed(bytes, 'malformed');
  if (message.questions[0]!.class !== Class.IN && !anyClass) return { kind: 'refuse', message, rcode: Rcode.REFUSED };
  // RFC 6891 §6.1.3
  if (message.edns && message.edns.version !== 0) return { kind: 'refuse', message, rcode: Rcode.BADVERS };
  return { kind: 'query', message };
}

/** The message; undefined if it is malformed. */
export function tryDecode(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function malformed(bytes: Uint8Array, reason: string): Verdict {
  return { kind: 'error', reply: encodeHeaderReply(bytes, Rcode.FORMERR), reason };
}

function count(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

function countsAllowed(bytes: Uint8Array): boolean {
  return count(bytes, 6) <= MAX_ANSWERS && count(bytes, 8) <= MAX_AUTHORITIES && count(bytes, 10) <= MAX_ADDITIONALS;
}
