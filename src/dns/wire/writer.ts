import { afterLabel, MAX_LABEL_OCTETS, MAX_NAME_OCTETS, type Name, ROOT, startsLabel, wireLength } from '../name.ts';
import { WireError } from './error.ts';
import { MAX_POINTER } from './reader.ts';
import { Suffixes } from './suffixes.ts';

const BACKSLASH = 0x5c;

/** Writes a DNS message from left to right into a buffer that holds the largest message and one record more. */
export class Writer {
  readonly bytes: Buffer;
  offset = 0;
  /** The first name, which is the question's: most other names are equal or end with it. */
  private first: Name = ROOT;
  private firstAt = 0;
  /** The suffixes of other names that the first one does not have. */
  private readonly suffixes = new Suffixes();

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  reset(): void {
    this.offset = 0;
    this.first = ROOT;
    this.suffixes.rewind(0);
  }

  /** A copy of all that was written. */
  copy(): Buffer {
    const copy = Buffer.allocUnsafe(this.offset);
    this.bytes.copy(copy, 0, 0, this.offset);
    return copy;
  }

  /** Removes everything from `offset` on. */
  rewind(offset: number): void {
    this.offset = offset;
    if (this.firstAt >= offset) this.first = ROOT;
    this.suffixes.rewind(offset);
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

  /** Writes a name, with a pointer to an earlier one if possible (RFC 1035 §4.1.4). */
  name(name: Name): void {
    this.anyName(name, true);
  }

  /** Writes a name in full, for rdata in which RFC 3597 §4 forbids compression; later names may point to it. */
  uncompressedName(name: Name): void {
    this.anyName(name, false);
  }

  /** @throws WireError for a name that is longer than names may be: a plugin has put it together. */
  private anyName(name: Name, compressed: boolean): void {
    // The text of a name is at least as long as its octets, but for the last one.
    if (name.length >= MAX_NAME_OCTETS && wireLength(name) > MAX_NAME_OCTETS) {
      throw new WireError(`${name} is longer than ${MAX_NAME_OCTETS} octets`);
    }
    if (this.first === ROOT) {
      this.firstName(name);
      return;
    }
    const shared = sharedSuffix(name, this.first);
    if (shared > 0) this.suffixes.hash(name, shared);
    let count = 0;
    for (let index = 0; index < name.length && name !== ROOT; index = this.label(name, index)) {
      const known = index < shared ? this.suffixes.know(count++, this.offset) : undefined;
      if (!compressed || (index < shared && known === undefined)) continue;
      this.u16(0xc000 | (known ?? this.firstOffset(name.length - index)));
      return;
    }
    this.u8(0);
  }

  private firstName(name: Name): void {
    if (this.offset <= MAX_POINTER) {
      this.first = name;
      this.firstAt = this.offset;
    }
    for (let index = 0; index < name.length && name !== ROOT; ) index = this.label(name, index);
    this.u8(0);
  }

  /** The offset of the last `length` characters of the first name. */
  private firstOffset(length: number): number {
    let at = this.firstAt;
    for (let index = 0; index < this.first.length - length; index = afterLabel(this.first, index)) {
      at += 1 + this.bytes[at]!;
    }
    return at;
  }

  /** Writes the label of a name that starts at `index`, and returns where the next one starts. */
  private label(name: Name, index: number): number {
    const lengthAt = this.take(1 + MAX_LABEL_OCTETS);
    let at = lengthAt + 1;
    let i = index;
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
      this.bytes[at++] = char;
    }
    this.bytes[lengthAt] = at - lengthAt - 1;
    this.offset = at;
    return i + 1;
  }
}

/** The index in `name` at which a suffix begins that `other` shares, by labels; the length of `name` if there is none. */
function sharedSuffix(name: Name, other: Name): number {
  if (name === other) return 0;
  let same = 0;
  const most = Math.min(name.length, other.length);
  while (same < most && name.charCodeAt(name.length - 1 - same) === other.charCodeAt(other.length - 1 - same)) same++;
  if (same === 1) return name.length;
  let index = name.length - same;
  if (!startsLabel(name, index)) index = afterLabel(name, index);
  // A label start in one name may be inside a label of the other, after an escaped dot.
  while (index !== -1 && !startsLabel(other, other.length - (name.length - index))) index = afterLabel(name, index);
  return index === -1 ? name.length : index;
}
