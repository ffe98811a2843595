import { MAX_LABEL_OCTETS, MAX_NAME_OCTETS, type Name, OCTET_TEXT, ROOT, wireLength } from '../name.ts';
import { WireError } from './error.ts';

/** The octets that need no escape inside a label. */
const PLAIN = Uint8Array.from(OCTET_TEXT, (text) => (text.length === 1 ? 1 : 0));
/** A name has at most 127 labels, each reached by at most one pointer; longer chains only waste time. */
const MAX_POINTERS = 127;
/** Compression pointers have 14 bits (RFC 1035 §4.1.4). */
export const MAX_POINTER = 0x3fff;
const scratch = Buffer.alloc(MAX_NAME_OCTETS);

/** Reads a DNS message from left to right. Every read checks the bounds, and throws WireError beyond them. */
export class Reader {
  readonly bytes: Uint8Array;
  offset: number;
  /** Where reading must stop: the end of the message, or of the rdata being read. */
  end: number;
  /** The first name, which is the question's, and its offset: most pointers lead there. */
  private first: Name = ROOT;
  private firstAt = -1;
  /** Other names, by their offsets. */
  private others: Map<number, Name> | undefined;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = bytes.length;
  }

  private take(octets: number): number {
    const at = this.offset;
    if (at + octets > this.end)
      throw new WireError(`${octets} octets expected at ${at}, but only ${this.end - at} are left`);
    this.offset = at + octets;
    return at;
  }

  u8(): number {
    return this.bytes[this.take(1)]!;
  }

  u16(): number {
    const at = this.take(2);
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!;
  }

  u32(): number {
    const high = this.u16();
    return high * 0x10000 + this.u16();
  }

  /** A copy of the next octets, so that the message itself need not be kept. */
  octets(count: number): Uint8Array {
    const at = this.take(count);
    return new Uint8Array(this.bytes.subarray(at, at + count)); // a Buffer's own slice() would be a view
  }

  /** A <character-string> (RFC 1035 §3.3), one character per octet. */
  text(): string {
    const count = this.u8();
    const at = this.take(count);
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + at, count).toString('latin1');
  }

  /** A domain name, compressed or not (RFC 1035 §4.1.4), in canonical presentation form. */
  name(): Name {
    return this.nameAt(this.offset, this.end, 0);
  }

  /** The name at an offset, whose octets end before `limit`. For the first part of a name, `offset` moves behind it. */
  private nameAt(start: number, limit: number, pointers: number): Name {
    const { bytes } = this;
    let at = start;
    let length = 0;
    let plain = true;
    let tail: Name | undefined;
    for (;;) {
      if (at >= limit) throw new WireError(`the name at ${start} runs past its end`);
      const octet = bytes[at]!;
      if (octet === 0) break;
      if (octet >= 0xc0) {
        if (at + 1 >= limit) throw new WireError(`the compression pointer at ${at} is cut off`);
        const target = ((octet & 0x3f) << 8) | bytes[at + 1]!;
        // A pointer must point backwards (RFC 1035 §4.1.4), so a chain of pointers always ends.
        if (target >= at) throw new WireError(`the compression pointer at ${at} does not point backwards`);
        if (pointers === MAX_POINTERS) throw new WireError(`the name at ${start} is a chain of pointers`);
        const head = length === 0 ? '' : textOf(length, plain);
        tail = this.known(target) ?? this.keep(target, this.nameAt(target, at, pointers + 1));
        if (length + wireLength(tail) > MAX_NAME_OCTETS) throw new WireError(`the name at ${start} is too long`);
        at++;
        tail = tail === ROOT && length > 0 ? head : head + tail;
        break;
      }
      if (octet > MAX_LABEL_OCTETS) throw new WireError(`the label at ${at} has an unknown type`);
      if (at + octet >= limit) throw new WireError(`the label at ${at} runs past its end`);
      if (length + octet + 2 > MAX_NAME_OCTETS) throw new WireError(`the name at ${start} is too long`);
      scratch[length++] = octet;
      for (let i = 1; i <= octet; i++) {
        const char = bytes[at + i]!;
        if (PLAIN[char] === 0) plain = false;
        scratch[length++] = char;
      }
      at += octet + 1;
    }
    if (pointers === 0) this.offset = at + 1;
    const name = tail ?? (length === 0 ? ROOT : textOf(length, plain));
    return length === 0 || start > MAX_POINTER ? name : this.keep(start, name);
  }

  /** The name at the target of a pointer, if it was read before: each target is read once, for any number of pointers. */
  private known(at: number): Name | undefined {
    return at === this.firstAt ? this.first : this.others?.get(at);
  }

  private keep(at: number, name: Name): Name {
    if (this.firstAt === -1) {
      this.first = name;
      this.firstAt = at;
    } else {
      this.others ??= new Map();
      this.others.set(at, name);
    }
    return name;
  }
}

/** The name in scratch. */
function textOf(length: number, plain: boolean): Name {
  return plain ? plainName(length) : escapedName(length);
}

/** The name in scratch, when no octet of it needs an escape: its length octets become the dots. */
function plainName(length: number): Name {
  for (let at = 0; at < length; ) {
    const next = at + scratch[at]! + 1;
    scratch[at] = 0x2e;
    at = next;
  }
  scratch[length] = 0x2e;
  return scratch.toString('latin1', 1, length + 1);
}

function escapedName(length: number): Name {
  let text = '';
  for (let at = 0; at < length; ) {
    const next = at + scratch[at]! + 1;
    for (at++; at < next; at++) text += OCTET_TEXT[scratch[at]!];
    text += '.';
  }
  return text;
}
