import { CnameChain } from '../cname-chain.ts';
import type { Sections } from '../message.ts';
import { foldName, type Name } from '../name.ts';
import { A, AAAA, CNAME, SOA } from '../rr.ts';
import { decodeMessage, HEADER_OCTETS } from './decode.ts';
import { type Counts, DecodedHeads, type Heads, ownTtl, type SectionName, type TtlOf } from './heads.ts';
import { Reader } from './reader.ts';

/** The type and the class of a question. */
export const QUESTION_TAIL_OCTETS = 4;
const TTL = 4;
const MINIMUM_OCTETS = 4;
const POINTER_OCTETS = 2;
const RDATA_LENGTH = 8;
/** Type, class, TTL and the length of the rdata. */
const FIXED_OCTETS = 10;

/**
 * The well-formed records of a message, as they are on the wire. They are decoded if a plugin reads them, and otherwise sent on as they came, so that
 * thousands of records cost little.
 */
export class Packed implements Sections, Heads {
  /** The message, in its own memory. An OPT record may follow the records, but is not one of them. */
  readonly octets: Buffer;
  readonly counts: Counts;
  readonly questionEnd: number;
  /** The offset where the owner of each record ends. */
  private readonly fixedAt: Uint16Array;
  private decoded: Sections | undefined;

  constructor(octets: Buffer, questionEnd: number, counts: Counts, fixedAt: Uint16Array) {
    this.octets = octets;
    this.questionEnd = questionEnd;
    this.counts = counts;
    this.fixedAt = fixedAt;
  }

  get answer() {
    return this.sections.answer;
  }

  get authority() {
    return this.sections.authority;
  }

  get additional() {
    return this.sections.additional;
  }

  private get sections(): Sections {
    this.decoded ??= decodeMessage(this.octets);
    return this.decoded;
  }

  hasType(section: SectionName, type: number): boolean {
    const first = this.firstOf(section);
    for (let i = first; i < first + this.counts[section]; i++) if (this.typeOf(i) === type) return true;
    return false;
  }

  /** Reads only the names that are compared. */
  answers(name: Name, type: number): boolean {
    const count = this.counts.answer;
    const reader = new Reader(this.octets);
    const nameAt = (offset: number) => {
      reader.offset = offset;
      return reader.name();
    };
    const ownerOf = (index: number) => nameAt(this.endOf(index - 1));
    const chain = new CnameChain();
    for (let i = 0; i < count && type !== CNAME.code && chain.hasRoom; i++) {
      const rdata = this.fixedAt[i]! + FIXED_OCTETS;
      if (this.typeOf(i) === CNAME.code && this.endOf(i) > rdata) chain.add(ownerOf(i), nameAt(rdata));
    }
    const end = chain.endOf(name);
    let other = -1;
    for (let i = 0; i < count; i++) {
      if (this.typeOf(i) !== type) continue;
      // The records of an RRset point to one name.
      const at = this.endOf(i - 1);
      const pointer = this.fixedAt[i]! - at === POINTER_OCTETS ? this.octets.readUInt16BE(at) : -1;
      if (pointer !== -1 && pointer === other) continue;
      if (foldName(ownerOf(i)) === end) return true;
      other = pointer;
    }
    return false;
  }

  smallestTtl(ttlOf: TtlOf = ownTtl): number {
    let smallest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.fixedAt.length; i++) {
      const own = this.ttlOf(i);
      smallest = Math.min(smallest, ttlOf(own, this.negativeTtlOf(i, own)));
    }
    return smallest;
  }

  /** The same records with other TTLs, and with the question's name in the letter case of `qname`, not compressed; itself if nothing changes. */
  withTtls(ttlOf: TtlOf, qname?: Uint8Array): Packed {
    const { counts, questionEnd, fixedAt } = this;
    let octets = qname && copyOf(this.octets);
    if (qname) octets!.set(qname, HEADER_OCTETS);
    for (let i = 0; i < fixedAt.length; i++) {
      const own = this.ttlOf(i);
      const ttl = ttlOf(own, this.negativeTtlOf(i, own));
      if (ttl === own) continue;
      octets ??= copyOf(this.octets);
      octets.writeUInt32BE(ttl, fixedAt[i]! + TTL);
    }
    return octets ? new Packed(octets, questionEnd, counts, fixedAt) : this;
  }

  /** Whether the question is for this name, not compressed, in any letter case. */
  asksFor(qname: Uint8Array): boolean {
    const { octets } = this;
    if (HEADER_OCTETS + qname.length + QUESTION_TAIL_OCTETS !== this.questionEnd) return false;
    for (let i = 0; i < qname.length; i++) {
      const octet = octets[HEADER_OCTETS + i]!;
      const other = qname[i]!;
      if (octet !== other && ((octet ^ other) !== 0x20 || (octet | 0x20) < 0x61 || (octet | 0x20) > 0x7a)) return false;
    }
    return true;
  }

  /**
   * The same records with the addresses of each section in the order that `reorder` gives. Undefined if no section has two addresses, if other
   * records are between them, or if names may point to their owners. This avoids decoding thousands of addresses for a client that uses a few.
   */
  withAddressesReordered(reorder: (indexes: number[]) => number[]): Packed | undefined {
    const { answer, authority, additional } = this.counts;
    const runs: Run[] = [];
    let first = 0;
    for (const count of [answer, authority, additional]) {
      const run = this.addressRun(first, first + count);
      if (!run) return undefined;
      if (run.end - run.start > 1) runs.push(run);
      first += count;
    }
    if (runs.length === 0) return undefined;
    const octets = copyOf(this.octets);
    const fixedAt = this.fixedAt.slice();
    for (const { start, end } of runs) {
      const indexes: number[] = [];
      for (let i = start; i < end; i++) indexes.push(i);
      const order = reorder(indexes);
      let at = this.endOf(start - 1);
      for (let i = 0; i < order.length; i++) {
        fixedAt[start + i] = at + POINTER_OCTETS;
        // For a few octets, a call costs more than a loop.
        const stop = this.endOf(order[i]!);
        for (let from = this.endOf(order[i]! - 1); from < stop; ) octets[at++] = this.octets[from++]!;
      }
    }
    return new Packed(octets, this.questionEnd, this.counts, fixedAt);
  }

  /** The A and AAAA records among those from `first` to `end`, if they are neighbours whose owners are pointers. */
  private addressRun(first: number, end: number): Run | undefined {
    let start = first;
    while (start < end && !isAddressType(this.typeOf(start))) start++;
    let last = start;
    while (last < end && isAddressType(this.typeOf(last))) {
      if (this.fixedAt[last]! - this.endOf(last - 1) !== POINTER_OCTETS) return undefined;
      last++;
    }
    for (let i = last; i < end; i++) if (isAddressType(this.typeOf(i))) return undefined;
    return { start, end: last };
  }

  /** How many records end within `octets`, and where the last of them ends. */
  fitting(octets: number): { readonly count: number; readonly end: number } {
    const all = this.fixedAt.length;
    if (this.end <= octets) return { count: all, end: this.end };
    let end = this.questionEnd;
    let count = 0;
    for (; count < all; count++) {
      const next = this.endOf(count);
      if (next > octets) break;
      end = next;
    }
    return { count, end };
  }

  /** The index of the first record in the run of one type that has the record at `index`; it is not before `first`. */
  beforeRun(index: number, first: number): number {
    let before = index;
    while (before > first && this.typeOf(before - 1) === this.typeOf(index)) before--;
    return before;
  }

  /** The offset where the last record ends. */
  get end(): number {
    return this.endOf(this.fixedAt.length - 1);
  }

  /** The offset where the record at `index` ends; for the index before the first, where the question ends. */
  endOf(index: number): number {
    if (index < 0) return this.questionEnd;
    const fixed = this.fixedAt[index]!;
    return fixed + FIXED_OCTETS + this.octets.readUInt16BE(fixed + RDATA_LENGTH);
  }

  private firstOf(section: SectionName): number {
    const { answer, authority } = this.counts;
    return section === 'answer' ? 0 : section === 'authority' ? answer : answer + authority;
  }

  private typeOf(index: number): number {
    return this.octets.readUInt16BE(this.fixedAt[index]!);
  }

  private ttlOf(index: number): number {
    return this.octets.readUInt32BE(this.fixedAt[index]! + TTL);
  }

  private negativeTtlOf(index: number, ttl: number): number {
    if (this.typeOf(index) !== SOA.code) return ttl;
    const end = this.endOf(index);
    // The minimum is the last field; the rdata may be empty (RFC 2136 §2.4).
    const hasMinimum = end > this.fixedAt[index]! + FIXED_OCTETS;
    return hasMinimum ? Math.min(ttl, this.octets.readUInt32BE(end - MINIMUM_OCTETS)) : ttl;
  }
}

/** The heads of records, without decoding packed ones. */
export function headsOf(records: Sections): Heads {
  return records instanceof Packed ? records : new DecodedHeads(records);
}

/** Neighbouring records. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/** A copy in its own memory, not in a shared pool. */
export function copyOf(octets: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(octets.length);
  octets.copy(copy);
  return copy;
}

function isAddressType(type: number): boolean {
  return type === A.code || type === AAAA.code;
}
