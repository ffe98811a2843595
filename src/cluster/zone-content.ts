import { foldName, isAtOrBelow, type Name } from '../dns/name.ts';
import { recordKey } from '../dns/presentation.ts';
import type { ResourceRecord } from '../dns/rr.ts';
import type { RecordChange } from '../registry/change.ts';
import type { ApexSettings } from './apex.ts';
import { apexRecords } from './forward-records.ts';
import { recordSettings, type Zone } from './zone.ts';
import { addressParts, type Parts, podParts, serviceParts } from './zone-parts.ts';

type Records = Iterable<ResourceRecord>;

/** The records that a zone lost and gained. */
export interface ContentChange {
  readonly deleted: ResourceRecord[];
  readonly added: ResourceRecord[];
}

/** The records of a zone, followed in such a way that a change costs only what it touches. */
export interface ZoneContent {
  /** Notes a change of the registry. */
  note(change: RecordChange): void;
  /** What has changed since the last call, or since the beginning. */
  take(): ContentChange;
  /** All records but the SOA record as of the last {@link take}, whatever changes later. Each is made when it is taken. */
  all(): Records;
}

/** What following a zone needs. */
export interface ContentSettings extends ApexSettings {
  /** The zone that PTR records point into. */
  readonly primary: Name;
  /** All zones of the plugin: names at or below another one belong to that. */
  readonly zones: readonly Zone[];
}

/** The records of the zone as they are now, and from now on. */
export function followContent(zone: Zone, settings: ContentSettings): ZoneContent {
  const { primary, zones } = settings;
  const own = (records: Records): ReadonlyMap<string, ResourceRecord> =>
    new Map(Array.from(ownRecords(records, zone.name, zones), (record) => [recordKey(record), record]));

  const needs = recordSettings(zone, settings, primary);
  const followed = zone.isReverse
    ? [new FollowedParts(addressParts(zone, needs, primary))]
    : [new FollowedParts(serviceParts(zone, needs)), new FollowedParts(podParts(zone, needs))];
  // It also depends on the addresses of this machine, and so is looked at each time.
  let apex = own(apexRecords(zone, needs));
  return {
    note(change) {
      for (const parts of followed) parts.note(change);
    },
    take() {
      const change: ContentChange = { deleted: [], added: [] };
      const before = apex;
      apex = own(apexRecords(zone, needs));
      compare(before, apex, change);
      for (const parts of followed) for (const [was, is] of parts.take()) compare(own(was), own(is), change);
      return change;
    },
    all() {
      const parts: readonly Iterable<Records>[] = [[apex.values()], ...followed.map((each) => each.all())];
      return (function* () {
        for (const part of parts) for (const records of part) yield* own(records).values();
      })();
    },
  };
}

/** Leaves out names at or below another zone of the plugin, which belong to that zone. */
export function* ownRecords(records: Records, zone: Name, zones: readonly Zone[]): Records {
  const below = zones.map(({ name }) => name).filter((name) => name !== zone && isAtOrBelow(name, zone));
  for (const record of records) {
    if (!below.some((other) => isAtOrBelow(foldName(record.name), other))) yield record;
  }
}

function compare(
  was: ReadonlyMap<string, ResourceRecord>,
  is: ReadonlyMap<string, ResourceRecord>,
  { deleted, added }: ContentChange,
): void {
  for (const [key, record] of was) if (!is.has(key)) deleted.push(record);
  for (const [key, record] of is) if (!was.has(key)) added.push(record);
}

/** Parts as they were the last time. */
class FollowedParts<V> {
  private readonly parts: Parts<V>;
  private readonly last = new Map<string, V>();
  private readonly touched = new Set<string>();

  constructor(parts: Parts<V>) {
    this.parts = parts;
    for (const key of parts.keys()) {
      const value = parts.now(key);
      if (value !== undefined) this.last.set(key, value);
    }
  }

  note(change: RecordChange): void {
    for (const key of this.parts.touchedBy(change)) this.touched.add(key);
  }

  /** The records of each touched part, as they were and as they are. */
  *take(): Iterable<readonly [was: Records, is: Records]> {
    const keys = [...this.touched];
    this.touched.clear();
    for (const key of keys) {
      const [was, is] = [this.last.get(key), this.parts.now(key)];
      if (is === undefined) this.last.delete(key);
      else this.last.set(key, is);
      yield [this.recordsOf(key, was), this.recordsOf(key, is)];
    }
  }

  /** The records of each part as of the last {@link take}. */
  all(): Iterable<Records> {
    const { parts } = this;
    const last = [...this.last];
    return (function* () {
      for (const [key, value] of last) yield parts.records(key, value);
    })();
  }

  private recordsOf(key: string, value: V | undefined): Records {
    return value === undefined ? [] : this.parts.records(key, value);
  }
}
