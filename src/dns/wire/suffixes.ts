import { type Name, startsLabel } from '../name.ts';
import { MAX_POINTER } from './reader.ts';

/** Each suffix takes at least two octets in the range of pointers, so there are at most half as many suffixes as slots. */
const SLOTS = MAX_POINTER + 1;
const MAX_SUFFIXES = SLOTS / 2;
const MAX_LABELS = 127;
/** The maximum length of a name in presentation form, in which an octet may be `\\DDD`. */
const MAX_NAME_CHARACTERS = 4 * 255;
const SHORT = 48;
const DOT = 0x2e;
const BACKSLASH = 0x5c;
const octets = Buffer.alloc(MAX_NAME_CHARACTERS);

/** Random in each process, so that no peer can choose names with equal hashes. */
const SEED = Math.floor(Math.random() * 2 ** 32);

/**
 * The suffixes of the names in a message, and their offsets. Letter case counts, so that compression does not change it.
 *
 * The time for a name depends only on its length, and makes no garbage: the suffixes of a name are hashed in one pass, and kept in a table as
 * offsets, not as strings.
 */
export class Suffixes {
  /** One more than the entry in the slot; 0 for an empty slot. */
  private readonly slots = new Uint16Array(SLOTS);
  /** The names of the entries, in the order of their offsets. */
  private readonly names: Name[] = [];
  private readonly starts = new Uint16Array(MAX_SUFFIXES);
  private readonly hashes = new Int32Array(MAX_SUFFIXES);
  private readonly offsets = new Uint16Array(MAX_SUFFIXES);
  private readonly slotOf = new Uint16Array(MAX_SUFFIXES);
  /** The name that was hashed last, and its suffixes, the shortest first. */
  private name: Name = '';
  private count = 0;
  private readonly nameStarts = new Uint16Array(MAX_LABELS);
  private readonly nameHashes = new Int32Array(MAX_LABELS);

  /** Hashes the suffixes of a name that start before `end`; they are asked for by number, the longest first. */
  hash(name: Name, end: number): void {
    this.name = name;
    this.count = 0;
    // Reading the characters of a concatenated string costs five times as much as its octets; a call costs as much as a short string.
    if (end > SHORT) octets.write(name, 0, end, 'latin1');
    else for (let at = 0; at < end; at++) octets[at] = name.charCodeAt(at);
    // The part after `end` is a suffix of the message's first name, so its length identifies it.
    let hash = SEED ^ (name.length - end);
    for (let at = end - 1; at >= 0; at--) {
      const octet = octets[at]!;
      if (octet === DOT && at < end - 1 && (octets[at - 1] !== BACKSLASH || startsLabel(name, at + 1)))
        this.note(at + 1, hash);
      hash = Math.imul(hash ^ octet, 0x01000193);
    }
    this.note(0, hash);
  }

  private note(start: number, hash: number): void {
    this.nameStarts[this.count] = start;
    this.nameHashes[this.count++] = hash ^ (hash >>> 15);
  }

  /** The offset of a suffix of the hashed name. A new suffix is recorded at `offset`, if pointers can reach that. */
  know(number: number, offset: number): number | undefined {
    const hash = this.nameHashes[this.count - 1 - number]!;
    const start = this.nameStarts[this.count - 1 - number]!;
    let slot = hash & (SLOTS - 1);
    for (let entry = this.slots[slot]!; entry !== 0; entry = this.slots[slot]!) {
      if (this.hashes[entry - 1] === hash && this.isSuffix(entry - 1, start)) return this.offsets[entry - 1];
      slot = (slot + 1) & (SLOTS - 1);
    }
    if (offset <= MAX_POINTER) this.add(slot, hash, start, offset);
    return undefined;
  }

  /** Forgets the suffixes that start at `offset` or behind it. */
  rewind(offset: number): void {
    const { names } = this;
    // The newest entry is removed first, so no other entry depends on its slot.
    while (names.length > 0 && this.offsets[names.length - 1]! >= offset) {
      names.pop();
      this.slots[this.slotOf[names.length]!] = 0;
    }
  }

  private add(slot: number, hash: number, start: number, offset: number): void {
    const entry = this.names.length;
    this.names.push(this.name);
    this.starts[entry] = start;
    this.hashes[entry] = hash;
    this.offsets[entry] = offset;
    this.slotOf[entry] = slot;
    this.slots[slot] = entry + 1;
  }

  private isSuffix(entry: number, start: number): boolean {
    const other = this.names[entry]!;
    const at = this.starts[entry]!;
    if (other.length - at !== this.name.length - start) return false;
    return (at === 0 ? other : other.slice(at)) === (start === 0 ? this.name : this.name.slice(start));
  }
}
