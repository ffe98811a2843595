import type { MessageHead, Sections } from '../message.ts';
import { QType, rrType } from '../rr.ts';
import { decodeMessage, decodeOpt, decodeQuestion, HEADER_OCTETS, headOf, MIN_RECORD_OCTETS } from './decode.ts';
import { WireError } from './error.ts';
import { copyOf, Packed } from './packed.ts';
import { Scanner } from './scanner.ts';

/** A message whose records may be decoded later, or never. */
export interface Response extends MessageHead {
  readonly records: Sections;
}

const MAX_TTL = 0x7fff_ffff;

/** The minimum size for packed records: decoding a shorter message costs less. */
export const MIN_PACKED_OCTETS = 1024;

/**
 * Reads a response. Its records stay as they came ({@link Packed}), unless there are few, or their octets cannot be sent on: the OPT record is not
 * the last one, a TTL is out of range, a pointer leads to a place without a name, or a record repeats the question's name without a pointer, as that
 * name must get the client's letter case.
 *
 * @throws WireError if the octets are not a well-formed message.
 */
export function readResponse(bytes: Uint8Array): Response {
  return (bytes.length < MIN_PACKED_OCTETS ? undefined : tryScan(bytes)) ?? decodeResponse(bytes);
}

function decodeResponse(bytes: Uint8Array): Response {
  const { answer, authority, additional, ...head } = decodeMessage(bytes);
  return { ...head, records: { answer, authority, additional } };
}

function tryScan(bytes: Uint8Array): Response | undefined {
  try {
    return scan(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch (thrown) {
    // Decoding the message then reports the error, if there is one.
    if (thrown instanceof WireError) return undefined;
    throw thrown;
  }
}

function scan(bytes: Buffer): Response | undefined {
  if (bytes.length < HEADER_OCTETS || bytes.readUInt16BE(4) !== 1) return undefined;
  const scanner = new Scanner(bytes, HEADER_OCTETS);
  const qnameOctets = scanner.skipName();
  scanner.offset = HEADER_OCTETS;
  const question = decodeQuestion(scanner);
  const questionEnd = scanner.offset;
  const [answer, authority, additional] = [6, 8, 10].map((at) => bytes.readUInt16BE(at)) as [number, number, number];
  const count = answer + authority + additional;
  if (count * MIN_RECORD_OCTETS > bytes.length) return undefined;
  const fixedAt = new Uint16Array(count);
  const finish = (edns = 0, opt?: Parameters<typeof headOf>[3]): Response => {
    const counts = { answer, authority, additional: additional - edns };
    const head = headOf(bytes.readUInt16BE(0), bytes.readUInt16BE(2), [question], opt);
    // A part of a larger Buffer would keep all of it in memory.
    const octets = bytes.length === bytes.buffer.byteLength ? bytes : copyOf(bytes);
    return { ...head, records: new Packed(octets, questionEnd, counts, fixedAt.subarray(0, count - edns)) };
  };
  for (let i = 0; i < count; i++) {
    const owner = scanner.offset;
    const ownerOctets = scanner.skipName();
    fixedAt[i] = scanner.offset;
    const type = scanner.u16();
    if (type === QType.OPT) {
      if (i < count - 1 || additional === 0 || ownerOctets > 1) return undefined;
      const udpSize = scanner.u16();
      const ttl = scanner.u32();
      const length = scanner.u16();
      if (scanner.offset + length > bytes.length) return undefined;
      scanner.end = scanner.offset + length;
      return finish(1, decodeOpt(scanner, udpSize, ttl));
    }
    if (ownerOctets === qnameOctets && isQnameSpelledOut(bytes, owner)) return undefined;
    scanner.skip(2);
    // RFC 2181 §8: a TTL with its top bit set means 0, so the octets cannot be sent on.
    if (scanner.u32() > MAX_TTL) return undefined;
    skipRdata(scanner, type);
  }
  return finish();
}

/** @throws WireError */
function skipRdata(scanner: Scanner, type: number): void {
  const length = scanner.u16();
  const messageEnd = scanner.end;
  const end = scanner.offset + length;
  if (end > messageEnd) throw new WireError(`the rdata at ${scanner.offset} runs past the end of the message`);
  if (length === 0) return;
  scanner.end = end;
  for (const [, field] of rrType(type).fields) {
    if (field.skip) field.skip(scanner);
    else field.decode(scanner);
  }
  if (scanner.offset !== end) throw new WireError(`the rdata that ends at ${end} has surplus octets`);
  scanner.end = messageEnd;
}

/** Whether the name at `at`, which is as long as the qname, is the qname without a pointer to it. */
function isQnameSpelledOut(bytes: Buffer, at: number): boolean {
  let own = HEADER_OCTETS;
  for (;;) {
    while (bytes[at]! >= 0xc0) at = bytes.readUInt16BE(at) & 0x3fff;
    if (at === own) return own > HEADER_OCTETS;
    const octet = bytes[own]!;
    if (fold(bytes[at]!) !== fold(octet)) return false;
    if (octet === 0) return own > HEADER_OCTETS;
    at++;
    own++;
  }
}

function fold(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}
