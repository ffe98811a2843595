import { recordKey } from '../dns/presentation.ts';
import type { ResourceRecord } from '../dns/rr.ts';
import { ContentDigest } from './digest.ts';

/** The maximum number of changes of a zone that a journal keeps. */
export const MAX_CHANGES = 1000;
/** The maximum number of records in all of them. Copies of older versions get the whole zone. */
export const MAX_CHANGED_RECORDS = 50_000;

/** The maximum number of records in the differences from older versions that are kept ready; one more version clears them. */
export const MAX_READY_RECORDS = 50_000;

/** The records that a zone lost and gained, without its SOA record. */
export interface ContentChange {
  readonly deleted: readonly ResourceRecord[];
  readonly added: readonly ResourceRecord[];
}

/** A version that another server has: its serial, and the digest of its content if that server knows it. */
export interface KnownVersion {
  readonly serial: number;
  readonly digest?: string | undefined;
}

/** A record that changes have deleted or added: one for all that are equal, so that they are counted without looking at them again. */
interface Mentioned {
  readonly record: ResourceRecord;
  /** In how many changes it is. */
  uses: number;
  /** How often it was added, less how often it was deleted, while that is counted; otherwise 0. */
  count: number;
}

interface Version {
  readonly serial: number;
  /** Of what was added since the journal began, less what was deleted. */
  readonly moved: ContentDigest;
  /** What made this version of the one before. */
  readonly deleted: readonly Mentioned[];
  readonly added: readonly Mentioned[];
  /** Undefined until it was asked for. */
  digest?: string | undefined;
}

/** The last changes of a zone, each with the serial and the digest of the version that it led to. */
export class ZoneJournal {
  private readonly versions: Version[];
  private recordCount = 0;
  /** The digest of the first version; undefined until {@link begin}. */
  private first: ContentDigest | undefined;
  /** The changes from earlier versions to the last one, as most copies have one of few versions. */
  private readonly found = new Map<Version, ContentChange>();
  private foundCount = 0;
  private readonly mentioned = new Map<string, Mentioned>();

  constructor(serial: number) {
    this.versions = [{ serial, moved: new ContentDigest(), deleted: [], added: [] }];
  }

  get serial(): number {
    return this.versions.at(-1)!.serial;
  }

  /** The number of records in the changes. */
  get records(): number {
    return this.recordCount;
  }

  /** The number of records in the differences that are kept ready. */
  get readyRecords(): number {
    return this.foundCount;
  }

  /** The digest of the last version; undefined until it is known. */
  get digest(): string | undefined {
    return this.digestOf(this.versions.at(-1)!);
  }

  /** Says what the digest of the first version is. It takes long to make, so changes may come before. */
  begin(first: ContentDigest): void {
    this.first = first;
  }

  /** Adds the next version. */
  add(serial: number, change: ContentChange): void {
    const step = new ContentDigest();
    for (const record of change.deleted) step.delete(record);
    for (const record of change.added) step.add(record);
    const [deleted, added] = [change.deleted, change.added].map((records) => records.map((each) => this.mention(each)));
    this.versions.push({ serial, moved: this.versions.at(-1)!.moved.plus(step), deleted: deleted!, added: added! });
    this.recordCount += countOf(change);
    this.forgetFound();
    while (this.versions.length - 1 > MAX_CHANGES || this.recordCount > MAX_CHANGED_RECORDS) {
      this.versions.shift();
      // What led to the first version is not asked for.
      const first = this.versions[0]!;
      this.recordCount -= countOf(first);
      for (const each of [...first.deleted, ...first.added]) this.unmention(each);
      this.versions[0] = { ...first, deleted: [], added: [] };
    }
  }

  /**
   * What has changed since a version; undefined if that is not known any more. If its digest is known, the digest decides: another server may have given
   * the same serial to other content, or another serial to the same.
   */
  since({ serial, digest }: KnownVersion): ContentChange | undefined {
    // Versions that were told apart by their digests may share a serial. Others have seen only the first of them.
    const at =
      digest === undefined
        ? this.versions.findIndex((version) => version.serial === serial)
        : this.versions.findLastIndex((version) => this.digestOf(version) === digest);
    if (at === -1) return undefined;
    const from = this.versions[at]!;
    let change = this.found.get(from);
    if (!change) {
      change = netOf(this.versions.slice(at + 1));
      if (this.foundCount + countOf(change) > MAX_READY_RECORDS) this.forgetFound();
      this.found.set(from, change);
      this.foundCount += countOf(change);
    }
    return change;
  }

  private digestOf(version: Version): string | undefined {
    version.digest ??= this.first?.plus(version.moved).toString();
    return version.digest;
  }

  private forgetFound(): void {
    this.found.clear();
    this.foundCount = 0;
  }

  private mention(record: ResourceRecord): Mentioned {
    const key = recordKey(record);
    let mentioned = this.mentioned.get(key);
    if (!mentioned) {
      mentioned = { record, uses: 0, count: 0 };
      this.mentioned.set(key, mentioned);
    }
    mentioned.uses++;
    return mentioned;
  }

  private unmention(mentioned: Mentioned): void {
    if (--mentioned.uses === 0) this.mentioned.delete(recordKey(mentioned.record));
  }
}

function countOf({
  deleted,
  added,
}: {
  readonly deleted: readonly unknown[];
  readonly added: readonly unknown[];
}): number {
  return deleted.length + added.length;
}

/** One change for several: a record that came and went is in none of its lists (RFC 1995 §5). */
function netOf(versions: readonly Version[]): ContentChange {
  for (const { deleted, added } of versions) {
    for (const each of deleted) each.count--;
    for (const each of added) each.count++;
  }
  const change = { deleted: [] as ResourceRecord[], added: [] as ResourceRecord[] };
  const take = (each: Mentioned) => {
    if (each.count !== 0) (each.count < 0 ? change.deleted : change.added).push(each.record);
    each.count = 0;
  };
  for (const { deleted, added } of versions) {
    for (const each of deleted) take(each);
    for (const each of added) take(each);
  }
  return change;
}
