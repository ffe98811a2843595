import { inTurns } from '../../base/in-turns.ts';
import { soaRecord } from '../../cluster/apex.ts';
import type { Zone } from '../../cluster/zone.ts';
import { type ContentSettings, followContent, type ZoneContent } from '../../cluster/zone-content.ts';
import type { ResourceRecord } from '../../dns/rr.ts';
import type { Clock } from '../../observe/clock.ts';
import type { TransferableZone } from '../../plugin/transfer.ts';
import { addAll, ContentDigest } from '../../zone/digest.ts';
import { type ContentChange, ZoneJournal } from '../../zone/journal.ts';

/** How often the addresses of this machine are looked at, which are records of the zone itself. */
const MACHINE_MS = 1000;

/** A zone of a cluster with its last changes, kept from the first transfer on. */
export class JournaledZone {
  private readonly zone: Zone;
  private readonly ttl: number;
  private readonly content: ZoneContent;
  private readonly unfollow: () => void;
  private digesting: Promise<void> | undefined;
  private readonly clock: Clock;
  /** Whether the cluster has changed since the last look at the content, and when that was. */
  private isTouched = false;
  private lookedMs: number;
  readonly journal: ZoneJournal;

  /** @param isUnused called with each change of the cluster; once it is true, the zone is no longer followed. */
  constructor(zone: Zone, settings: ContentSettings, clock: Clock, isUnused: () => boolean) {
    const { registry, serial } = zone.cluster;
    this.zone = zone;
    this.clock = clock;
    this.lookedMs = clock.monotonic();
    this.ttl = settings.ttl;
    this.content = followContent(zone, settings);
    this.journal = new ZoneJournal(serial.unique());
    this.unfollow = registry.onRecord((change) => {
      if (isUnused()) return this.stop();
      this.isTouched = true;
      this.content.note(change);
    });
    const first = new ContentDigest();
    const { journal } = this;
    const begin = () => journal.begin(first);
    // Without a digest, serials say which version a client has.
    this.digesting = inTurns(addAll(first, this.content.all())).then(begin, () => {});
    void this.digesting.then(() => {
      this.digesting = undefined;
    });
  }

  /** The zone as it is now; `records` gives all of them. Only if the digest says which version it is, its serial may be that of an earlier one. */
  now(byDigest: boolean, records: () => Iterable<ResourceRecord>): TransferableZone {
    this.update(byDigest);
    const { journal, ttl } = this;
    const { name } = this.zone;
    const { serial, digest } = journal;
    const soa = soaRecord(name, ttl, serial);
    return {
      ...{ serial, soa, digest, digesting: this.digesting, records },
      changesSince(from, itsDigest) {
        const change = journal.since({ serial: from, digest: itsDigest });
        return change && differenceOf(change, soaRecord(name, ttl, from), soa);
      },
    };
  }

  stop(): void {
    this.unfollow();
  }

  /** Makes a version of the changes since the last one. */
  private update(byDigest: boolean): void {
    const { journal } = this;
    const { serial } = this.zone.cluster;
    const next = () => (byDigest ? serial.value : serial.unique());
    const change = this.isDue() ? this.content.take() : { deleted: [], added: [] };
    const isSame = change.deleted.length === 0 && change.added.length === 0;
    // The records of the zone itself also depend on the addresses of this machine, which move no serial.
    if (!isSame && !byDigest && next() === journal.serial) serial.move();
    if (!isSame || next() !== journal.serial) journal.add(next(), change);
  }

  /** Whether the content may have changed. The addresses of this machine are looked at once a second. */
  private isDue(): boolean {
    const nowMs = this.clock.monotonic();
    if (!this.isTouched && nowMs - this.lookedMs < MACHINE_MS) return false;
    this.isTouched = false;
    this.lookedMs = nowMs;
    return true;
  }
}

/** RFC 1995 §4. */
function* differenceOf(
  { deleted, added }: ContentChange,
  from: ResourceRecord,
  to: ResourceRecord,
): Generator<ResourceRecord, void> {
  yield from;
  yield* deleted;
  yield to;
  yield* added;
}
