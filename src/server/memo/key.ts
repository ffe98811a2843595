import { EdnsOption } from '../../dns/message.ts';
import { QType } from '../../dns/rr.ts';
import { HEADER_OCTETS } from '../../dns/wire/decode.ts';

/** Longer queries carry something unusual. */
const MAX_QUERY_OCTETS = 512;
const MAX_NAME_OCTETS = 255;
const QUESTION_TAIL_OCTETS = 4;
const OPT_FIXED_OCTETS = 11;
const SHAPE_OCTETS = 5;

/** The flags that a usual query may have: RD, and in the next octet AD and CD. */
const RD = 0x01;
const AD_CD = 0x30;

const HAS_EDNS = 0x40;
const HAS_DO = 0x80;

/** The result of the last {@link scanQuery}; valid until the next one. */
export interface Scan {
  /** Equal for queries whose responses differ only in id, letter case and size: folded name, type, class, flags, EDNS. */
  readonly key: string;
  /** A hash of the key. */
  readonly hash: number;
  /** The offset where the qname ends. */
  readonly nameEnd: number;
  readonly hasCapitals: boolean;
  readonly type: number;
  readonly do: boolean;
  readonly hasEdns: boolean;
  /** The UDP size of the OPT record; 0 without one. */
  readonly udpSize: number;
  readonly hasOptions: boolean;
}

const scratch = Buffer.alloc(SHAPE_OCTETS + MAX_NAME_OCTETS);
const scan = {
  ...{ key: '', hash: 0, nameEnd: 0, hasCapitals: false, type: 0 },
  ...{ do: false, hasEdns: false, udpSize: 0, hasOptions: false },
};

/**
 * Reads a usual query without decoding it: one question, and no records but an OPT record without options that matter. Undefined for any other
 * message, valid or not; {@link accept} judges those.
 */
export function scanQuery(bytes: Uint8Array): Scan | undefined {
  const { length } = bytes;
  if (length > MAX_QUERY_OCTETS || !hasUsualHeader(bytes)) return undefined;
  const keyEnd = foldName(bytes);
  const end = scan.nameEnd + QUESTION_TAIL_OCTETS;
  if (keyEnd === 0 || end > length) return undefined;
  scan.type = (bytes[end - 4]! << 8) | bytes[end - 3]!;
  scan.udpSize = 0;
  scan.do = false;
  scan.hasOptions = false;
  scan.hasEdns = bytes[11] === 1;
  if (scan.hasEdns) {
    if (!scanOpt(bytes, end)) return undefined;
  } else if (end !== length) return undefined;
  scratch[0] = (bytes[2]! & RD) | (bytes[3]! & AD_CD) | (scan.hasEdns ? HAS_EDNS : 0) | (scan.do ? HAS_DO : 0);
  scratch[1] = bytes[end - 4]!;
  scratch[2] = bytes[end - 3]!;
  scratch[3] = bytes[end - 2]!;
  scratch[4] = bytes[end - 1]!;
  for (let i = 0; i < SHAPE_OCTETS; i++) scan.hash = Math.imul(scan.hash ^ scratch[i]!, 0x01000193);
  scan.key = scratch.toString('latin1', 0, keyEnd);
  return scan;
}

/** The parts of a question that its key holds. */
export function readKey(key: string): { readonly type: number; readonly do: boolean } {
  return { type: (key.charCodeAt(1) << 8) | key.charCodeAt(2), do: (key.charCodeAt(0) & HAS_DO) !== 0 };
}

/** Opcode QUERY, no flags but RD, AD and CD, one question, at most one additional record. */
function hasUsualHeader(bytes: Uint8Array): boolean {
  return (
    bytes.length >= HEADER_OCTETS + 1 + QUESTION_TAIL_OCTETS &&
    (bytes[2]! & ~RD) === 0 &&
    (bytes[3]! & ~AD_CD) === 0 &&
    (bytes[4]! | bytes[6]! | bytes[7]! | bytes[8]! | bytes[9]! | bytes[10]!) === 0 &&
    bytes[5] === 1 &&
    bytes[11]! <= 1
  );
}

/** Appends the qname to the key in lower case. Returns where the key ends, or 0 if the name is not valid. */
function foldName(bytes: Uint8Array): number {
  let at = HEADER_OCTETS;
  let out = SHAPE_OCTETS;
  let hash = 0x811c9dc5; // FNV-1a
  let hasCapitals = false;
  for (;;) {
    if (at >= bytes.length) return 0;
    const label = bytes[at]!;
    if (label > 63 || at + label >= bytes.length || out + label + 1 > scratch.length) return 0;
    scratch[out++] = label;
    if (label === 0) break;
    for (const end = at + label; at < end; ) {
      let octet = bytes[++at]!;
      if (octet >= 0x41 && octet <= 0x5a) {
        octet |= 0x20;
        hasCapitals = true;
      }
      scratch[out++] = octet;
      hash = Math.imul(hash ^ octet, 0x01000193);
    }
    at++;
  }
  scan.nameEnd = at + 1;
  scan.hash = hash;
  scan.hasCapitals = hasCapitals;
  return out;
}

/** Reads the OPT record at the end of the message; false if it is another record, or has something that a response may depend on. */
function scanOpt(bytes: Uint8Array, at: number): boolean {
  if (at + OPT_FIXED_OCTETS > bytes.length || bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== QType.OPT) {
    return false;
  }
  // Extended rcode, version and the unassigned flags are zero.
  if ((bytes[at + 5]! | bytes[at + 6]! | (bytes[at + 7]! & 0x7f) | bytes[at + 8]!) !== 0) return false;
  const options = (bytes[at + 9]! << 8) | bytes[at + 10]!;
  if (at + OPT_FIXED_OCTETS + options !== bytes.length) return false;
  if (options > 0 && !isCookieOnly(bytes, at + OPT_FIXED_OCTETS, options)) return false;
  scan.hasOptions = options > 0;
  scan.udpSize = (bytes[at + 3]! << 8) | bytes[at + 4]!;
  scan.do = (bytes[at + 7]! & 0x80) !== 0;
  return true;
}

/** Whether the only option is a cookie. dig sends one with every query; servers without cookies ignore it (RFC 7873 §5.2). */
function isCookieOnly(bytes: Uint8Array, at: number, octets: number): boolean {
  return (
    octets >= 4 &&
    bytes[at] === 0 &&
    bytes[at + 1] === EdnsOption.COOKIE &&
    ((bytes[at + 2]! << 8) | bytes[at + 3]!) === octets - 4
  );
}
