import { chainOf } from '../cname-chain.ts';
import type { Sections } from '../message.ts';
import { foldName, type Name } from '../name.ts';
import { CNAME, isOfType, type ResourceRecord, SOA } from '../rr.ts';

export type SectionName = keyof Sections;
export type Counts = Readonly<Record<SectionName, number>>;

/** Gives the new TTL for a record's TTL, or for its TTL in a negative reply: there, an SOA record's minimum limits its TTL (RFC 2308 §5). */
export type TtlOf = (ttl: number, negative: number) => number;

/** Properties of records that need neither decoding nor an object for each record. */
export interface Heads {
  readonly counts: Counts;
  hasType(section: SectionName, type: number): boolean;
  /** Whether the answer has a record of the type at the end of the CNAME chain that begins at a (folded) name. */
  answers(name: Name, type: number): boolean;
  /** The smallest TTL that `ttlOf` gives; infinite without records. */
  smallestTtl(ttlOf?: TtlOf): number;
  /** The records with the TTLs that `ttlOf` gives; the same object if nothing changes. */
  withTtls(ttlOf: TtlOf): Sections;
}

export const ownTtl: TtlOf = (ttl) => ttl;

/** The heads of records that are decoded. */
export class DecodedHeads implements Heads {
  private readonly records: Sections;

  constructor(records: Sections) {
    this.records = records;
  }

  get counts(): Counts {
    const { answer, authority, additional } = this.records;
    return { answer: answer.length, authority: authority.length, additional: additional.length };
  }

  hasType(section: SectionName, type: number): boolean {
    for (const record of this.records[section]) if (record.type === type) return true;
    return false;
  }

  answers(name: Name, type: number): boolean {
    const { answer } = this.records;
    const hasChain = type !== CNAME.code && this.hasType('answer', CNAME.code);
    const end = hasChain ? chainOf(answer).endOf(name) : name;
    return answer.some((record) => record.type === type && foldName(record.name) === end);
  }

  smallestTtl(ttlOf: TtlOf = ownTtl): number {
    const { answer, authority, additional } = this.records;
    let smallest = Number.POSITIVE_INFINITY;
    for (const records of [answer, authority, additional]) {
      for (const record of records) smallest = Math.min(smallest, ttlOf(record.ttl, negativeTtlOf(record)));
    }
    return smallest;
  }

  withTtls(ttlOf: TtlOf): Sections {
    const answer = recordsWithTtls(this.records.answer, ttlOf);
    const authority = recordsWithTtls(this.records.authority, ttlOf);
    const additional = recordsWithTtls(this.records.additional, ttlOf);
    const same =
      answer === this.records.answer && authority === this.records.authority && additional === this.records.additional;
    return same ? this.records : { answer, authority, additional };
  }
}

function recordsWithTtls(records: readonly ResourceRecord[], ttlOf: TtlOf): readonly ResourceRecord[] {
  let changed: ResourceRecord[] | undefined;
  for (let i = 0; i < records.length; i++) {
    const record = records[i]!;
    const ttl = ttlOf(record.ttl, negativeTtlOf(record));
    if (ttl === record.ttl) continue;
    changed ??= records.slice();
    changed[i] = { ...record, ttl };
  }
  return changed ?? records;
}

function negativeTtlOf(record: ResourceRecord): number {
  return isOfType(record, SOA) ? Math.min(record.ttl, record.data.minimum) : record.ttl;
}
