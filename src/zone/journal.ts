import { recordKey } from '../dns/presentation.ts';
import type { ResourceRecord } from '../dns/rr.ts';
import { ContentDigest } from './digest.ts';

/** The maximum number of changes of a zone that a journal keeps. */
export const MAX_CHANGES = 1000;
/** The maximum number of records in all of them. Copies of older versions get the whole zone. */
export const MAX_CHANGED_RECORDS = 50_000;

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

interface Version {
  readonly serial: number;
  /** Of what was added since the journal began, less what was deleted. */
  readonly moved: ContentDigest;
  /** What made this version of the one before. */
  readonly change: ContentChange;
}

const NOTHING: ContentChange = { deleted: [], added: [] };

/** The last changes of a zone, each with the serial and the digest of the version that it led to. */
export class ZoneJournal {
  private readonly versions: Version[];
  private recordCount = 0;
  /** The digest of the first version; undefined until {@link begin}. */
  private first: ContentDigest | undefined;
  /** The changes from earlier versions to the last one, as most copies have one of few versions. */
  private readonly found = new Map<Version, ContentChange>();

  constructor(serial: number) {
    this.versions = [{ serial, moved: new ContentDigest(), change: NOTHING }];
  }

  get serial(): number {
    return this.versions.at(-1)!.serial;
  }

  /** The number of records in the changes. */
  get records(): number {
    return this.recordCount;
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
    this.versions.push({ serial, moved: this.versions.at(-1)!.moved.plus(step), change });
    this.recordCount += countOf(change);
    this.found.clear();
    while (this.versions.length - 1 > MAX_CHANGES || this.recordCount > MAX_CHANGED_RECORDS) {
      this.versions.shift();
      this.recordCount -= countOf(this.versions[0]!.change);
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
      this.found.set(from, change);
    }
    return change;
  }

  private digestOf({ moved }: Version): string | undefined {
    return this.first?.plus(moved).toString();
  }
}

function countOf({ deleted, added }: ContentChange): number {
  return deleted.length + added.length;
}

/** One change for several: a record that came and went is in none of its lists (RFC 1995 §5). */
function netOf(versions: readonly Version[]): ContentChange {
  if (versions.length === 1) return versions[0]!.change;
  const counts = new Map<string, { readonly record: ResourceRecord; count: number }>();
  const count = (record: ResourceRecord, step: 1 | -1) => {
    const key = recordKey(record);
    const known = counts.get(key);
    if (known) known.count += step;
    else counts.set(key, { record, count: step });
  };
  for (const { change } of versions) {
    for (const record of change.deleted) count(record, -1);
    for (const record of change.added) count(record, 1);
  }
  const all = [...counts.values()];
  const those = (sign: number) => all.filter((each) => each.count === sign).map(({ record }) => record);
  return { deleted: those(-1), added: those(1) };
}
