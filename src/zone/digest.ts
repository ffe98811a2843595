import { hash } from 'node:crypto';
import { inTurns } from '../base/in-turns.ts';
import { recordKey } from '../dns/presentation.ts';
import type { ResourceRecord } from '../dns/rr.ts';
import type { Difference } from './differences.ts';
import { contentOf, type Zone } from './zone.ts';

const WORDS = 4;
/** The octets of a digest. */
export const DIGEST_OCTETS = WORDS * Uint32Array.BYTES_PER_ELEMENT;

/**
 * A digest of a zone's records without the SOA record: the sum of their hashes. So it does not depend on the order of the records, and a change costs
 * only what it adds and deletes. It says whether two servers have the same content under different serials. A client that writes records into a zone may
 * find two sets of its records with the same sum. That only hides from copies how these records differ.
 */
export class ContentDigest {
  private readonly words = new Uint32Array(WORDS);

  add(record: ResourceRecord): void {
    this.sum(hashOf(record), 1);
  }

  delete(record: ResourceRecord): void {
    this.sum(hashOf(record), -1);
  }

  /** The digest of the records of both. */
  plus(other: ContentDigest): ContentDigest {
    const both = new ContentDigest();
    both.sum(this.words, 1);
    both.sum(other.words, 1);
    return both;
  }

  /** Hexadecimal digits. */
  toString(): string {
    return Array.from(this.words, (word) => word.toString(16).padStart(8, '0')).join('');
  }

  private sum(words: Uint32Array, sign: 1 | -1): void {
    for (let i = 0; i < WORDS; i++) this.words[i]! += sign * words[i]!;
  }
}

function hashOf(record: ResourceRecord): Uint32Array {
  const octets = hash('sha256', recordKey(record), 'buffer');
  return Uint32Array.from({ length: WORDS }, (_, i) => octets.readUInt32BE(4 * i));
}

/** The digest of a zone, kept as long as the zone. Other work gets its turn while it is made. */
export async function digestOf(zone: Zone): Promise<ContentDigest> {
  const known = digests.get(zone);
  if (known) return known;
  const digest = new ContentDigest();
  await inTurns(addAll(digest, contentOf(zone)));
  digests.set(zone, digest);
  return digest;
}

const digests = new WeakMap<Zone, ContentDigest>();

/** Says what the digest of a zone is that was made of another one by differences. */
export function noteDigest(zone: Zone, of: ContentDigest, differences: readonly Difference[]): void {
  const step = new ContentDigest();
  for (const { deleted, added } of differences) {
    for (const record of deleted) step.delete(record);
    for (const record of added) step.add(record);
  }
  digests.set(zone, of.plus(step));
}

/** Steps that add all records. */
export function* addAll(digest: ContentDigest, records: Iterable<ResourceRecord>): Generator<void, undefined> {
  for (const record of records) {
    digest.add(record);
    yield;
  }
}
