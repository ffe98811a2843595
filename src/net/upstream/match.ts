import { Rcode } from '../../dns/message.ts';
import { HEADER_OCTETS } from '../../dns/wire/decode.ts';

const QR = 0x80;

/** A copy of the query with another id. */
export function withId(query: Uint8Array, id: number): Buffer {
  const copy = Buffer.from(query);
  copy.writeUInt16BE(id, 0);
  return copy;
}

/** The id of a message; -1 if there are too few octets. */
export function idOf(message: Uint8Array): number {
  return message.length < HEADER_OCTETS ? -1 : (message[0]! << 8) | message[1]!;
}

/**
 * Whether a message is the response to a query with exactly one question: same id, QR set, same name in any letter case, same type and class (RFC
 * 5452 §4). An error may have no question, if the server could not read it.
 *
 * @param id the id that the query was sent with.
 */
export function answers(response: Uint8Array, query: Uint8Array, id: number = idOf(query)): boolean {
  if (idOf(response) !== id || (response[2]! & QR) === 0) return false;
  const questions = (response[4]! << 8) | response[5]!;
  if (questions === 0) return (response[3]! & 0xf) !== Rcode.NOERROR && (response[3]! & 0xf) !== Rcode.NXDOMAIN;
  return questions === 1 && sameQuestion(response, query);
}

/** Compares octet by octet: the first name of a message cannot be compressed, and length octets are less than all letters. */
function sameQuestion(response: Uint8Array, query: Uint8Array): boolean {
  const nameEnd = endOfName(query);
  const end = nameEnd + 4;
  if (response.length < end || query.length < end) return false;
  for (let at = HEADER_OCTETS; at < nameEnd; at++) {
    if (response[at] !== query[at] && fold(response[at]!) !== fold(query[at]!)) return false;
  }
  for (let at = nameEnd; at < end; at++) if (response[at] !== query[at]) return false;
  return true;
}

function endOfName(message: Uint8Array): number {
  let at = HEADER_OCTETS;
  while (at < message.length && message[at] !== 0) at += message[at]! + 1;
  return at + 1;
}

function fold(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}
