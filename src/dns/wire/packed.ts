import type { Sections } from '../message.ts';
import { A, AAAA, SOA } from '../rr.ts';
import { decodeMessage, HEADER_OCTETS } from './decode.ts';

export type SectionName = keyof Sections;
export type Counts = Readonly<Record<SectionName, number>>;

/** What is known of a record without its names and data; a record itself is one. */
export interface RecordHead {
  readonly type: number;
  readonly ttl: number;
  /** Of an SOA record, its `minimum` at least. */
  readonly data?: object;
}

const TTL = 4;
const POINTER_OCTETS = 2;
const RDATA_LENGTH = 8;
/** Type, class, TTL and the length of the rdata. */
const FIXED_OCTETS = 10;

/**
 * The records of a message as they are on the wire, known to be well-formed. They are decoded when a plugin reads them, and otherwise
 * sent on as they came: thousands of records then cost next to nothing.
 */
export class Packed implements Sections {
  /** The message with its question, but without the OPT record. */
  readonly octets: Buffer;
  readonly counts: Counts;
  readonly questionEnd: number;
  /** Where the owner of each record ends. */
  private readonly fixedAt: Uint16Array;
  private decoded: Sections | undefined;
  private readHeads: Packed['heads'] | undefined;

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

  get heads(): Readonly<Record<SectionName, readonly RecordHead[]>> {
    this.readHeads ??= {
      answer: this.headsIn('answer'),
      authority: this.headsIn('authority'),
      additional: this.headsIn('additional'),
    };
    return this.readHeads;
  }

  private headsIn(section: SectionName): readonly RecordHead[] {
    const first = this.firstOf(section);
    return Array.from({ length: this.counts[section] }, (_, i) => this.headOf(first + i));
  }

  hasType(section: SectionName, type: number): boolean {
    const first = this.firstOf(section);
    for (let i = first; i < first + this.counts[section]; i++) if (this.typeOf(i) === type) return true;
    return false;
  }

  /** The same records with other TTLs, and with the question's name in the letter case of `qname`, not compressed; itself if nothing changes. */
  withTtls(ttlOf: (head: RecordHead, section: SectionName) => number, qname?: Uint8Array): Packed {
    const { counts, questionEnd, fixedAt } = this;
    let octets = qname && Buffer.from(this.octets);
    if (qname) octets!.set(qname, HEADER_OCTETS);
    let i = 0;
    for (const section of ['answer', 'authority', 'additional'] as const) {
      for (const head of this.heads[section]) {
        const ttl = ttlOf(head, section);
        if (ttl !== head.ttl) {
          octets ??= Buffer.from(this.octets);
          octets.writeUInt32BE(ttl, fixedAt[i]! + TTL);
        }
        i++;
      }
    }
    return octets ? new Packed(octets, questionEnd, counts, fixedAt) : this;
  }

  /**
   * The same records with the addresses of each section in another order, which `reorder` makes; undefined where others stand between them, or names may point to
   * their owners. This saves decoding thousands of addresses for a client that uses a few.
   */
  withAddressesReordered(reorder: (indexes: number[]) => number[]): Packed | undefined {
    const octets = Buffer.from(this.octets);
    const fixedAt = this.fixedAt.slice();
    let first = 0;
    for (const count of [this.counts.answer, this.counts.authority, this.counts.additional]) {
      const run = this.addressRun(first, first + count);
      if (!run) return undefined;
      first += count;
      const order = reorder(Array.from({ length: run.end - run.start }, (_, i) => run.start + i));
      let at = this.endOf(run.start - 1);
      order.forEach((from, i) => {
        const end = this.endOf(from);
        fixedAt[run.start + i] = at + POINTER_OCTETS;
        at += this.octets.copy(octets, at, this.endOf(from - 1), end);
      });
    }
    return new Packed(octets, this.questionEnd, this.counts, fixedAt);
  }

  /** The A and AAAA records among those from `first` to `end`, if they are neighbours whose owners are pointers. */
  private addressRun(first: number, end: number): { readonly start: number; readonly end: number } | undefined {
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
    let end = this.questionEnd;
    let count = 0;
    for (; count < this.fixedAt.length; count++) {
      const next = this.endOf(count);
      if (next > octets) break;
      end = next;
    }
    return { count, end };
  }

  /** How many records there are before the run of records of one type that the one at `index` belongs to, from `first` on. */
  beforeRun(index: number, first: number): number {
    let before = index;
    while (before > first && this.typeOf(before - 1) === this.typeOf(index)) before--;
    return before;
  }

  /** Where the record at `index` ends; where the question does for the one before the first. */
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

  private headOf(index: number): RecordHead {
    const { octets } = this;
    const fixed = this.fixedAt[index]!;
    const type = octets.readUInt16BE(fixed);
    const head = { type, ttl: octets.readUInt32BE(fixed + TTL) };
    const end = this.endOf(index);
    // It is the last field; the rdata may be empty (RFC 2136 §2.4).
    const isSOA = type === SOA.code && end > fixed + FIXED_OCTETS;
    return isSOA ? { ...head, data: { minimum: octets.readUInt32BE(end - 4) } } : head;
  }
}

function isAddressType(type: number): boolean {
  return type === A.code || type === AAAA.code;
}
