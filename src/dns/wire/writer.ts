import { type Name, ROOT } from '../name.ts';
import { WireError } from './error.ts';

/** Compression pointers have 14 bits (RFC 1035 §4.1.4). */
const MAX_POINTER = 0x3fff;
const BACKSLASH = 0x5c;

/** Writes a DNS message from left to right into a buffer that holds the largest message and one record more. */
export class Writer {
  readonly bytes: Buffer;
  offset = 0;
  /** Where each name suffix that was written starts; the spelling counts, so that letter case survives compression. */
  private readonly suffixes = new Map<Name, number>();

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  reset(): void {
    this.offset = 0;
    this.suffixes.clear();
  }

  /** Takes back all that was written from `offset` on. */
  rewind(offset: number): void {
    this.offset = offset;
    for (const [suffix, at] of this.suffixes) if (at >= offset) this.suffixes.delete(suffix);
  }

  private take(octets: number): number {
    const at = this.offset;
    if (at + octets > this.bytes.length) throw new WireError('the record is longer than 65535 octets');
    this.offset = at + octets;
    return at;
  }

  u8(value: number): void {
    this.bytes[this.take(1)] = value;
  }

  u16(value: number): void {
    const at = this.take(2);
    this.bytes[at] = value >> 8;
    this.bytes[at + 1] = value;
  }

  u32(value: number): void {
    this.bytes.writeUInt32BE(value >>> 0, this.take(4));
  }

  /** Sets two octets that were written before, such as a count or a length. */
  u16At(offset: number, value: number): void {
    this.bytes[offset] = value >> 8;
    this.bytes[offset + 1] = value;
  }

  octets(value: Uint8Array): void {
    this.bytes.set(value, this.take(value.length));
  }

  /** A <character-string> (RFC 1035 §3.3), one character per octet. */
  text(value: string): void {
    if (value.length > 255) throw new WireError('a character-string has at most 255 octets');
    this.u8(value.length);
    this.bytes.write(value, this.take(value.length), 'latin1');
  }

  /** Writes a name, pointing to an earlier one where it can (RFC 1035 §4.1.4). */
  name(name: Name): void {
    let rest = name;
    while (rest !== ROOT) {
      const pointer = this.suffixes.get(rest);
      if (pointer !== undefined) {
        this.u16(0xc000 | pointer);
        return;
      }
      this.remember(rest);
      rest = this.label(rest);
    }
    this.u8(0);
  }

  /** Writes a name in full, for rdata in which RFC 3597 §4 forbids compression; names behind it may point to it. */
  uncompressedName(name: Name): void {
    let rest = name;
    while (rest !== ROOT) {
      if (!this.suffixes.has(rest)) this.remember(rest);
      rest = this.label(rest);
    }
    this.u8(0);
  }

  private remember(suffix: Name): void {
    if (this.offset <= MAX_POINTER) this.suffixes.set(suffix, this.offset);
  }

  /** Writes the first label of a name and returns the name behind it. */
  private label(name: Name): Name {
    const lengthAt = this.take(1);
    let i = 0;
    for (; ; i++) {
      let char = name.charCodeAt(i);
      if (char === 0x2e) break;
      if (char === BACKSLASH) {
        char = name.charCodeAt(++i);
        if (char >= 0x30 && char <= 0x39) {
          char = Number(name.slice(i, i + 3));
          i += 2;
        }
      }
      this.bytes[this.take(1)] = char;
    }
    this.bytes[lengthAt] = this.offset - lengthAt - 1;
    return i + 1 === name.length ? ROOT : name.slice(i + 1);
  }
}
