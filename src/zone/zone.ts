/*
 * Zones: built from records, looked up, answered from, read from files, and copied from servers. Begin here for what a zone is, then read
 * handler.ts for how a query is answered; held-zone.ts is a zone's place while its versions come and go. A zone never changes: another
 * version takes its place.
 */

import type { Name } from '../dns/name.ts';
import { type ResourceRecord, type RRType, SOA } from '../dns/rr.ts';
import type { Lookups } from './overlay-map.ts';

/** The records of one owner name and type, at least one. */
export type RRset = readonly ResourceRecord[];

/** The records of a name; empty if the name exists only because of names below it (RFC 8020). */
export type ZoneNode = readonly RRset[];

type DataOf<T> = T extends RRType<infer D> ? D : never;
export type SoaRecord = ResourceRecord<DataOf<typeof SOA>>;

/** A name with an NSEC record. */
export interface Denial {
  readonly name: Name;
  /** See {@link canonicalKey}. */
  readonly key: string;
}

/** One version of a zone (RFC 1034 §4.2); it never changes. */
export interface Zone {
  /** Folded. */
  readonly origin: Name;
  readonly soa: SoaRecord;
  /** By folded name; names below {@link cuts} have only glue. */
  readonly nodes: Lookups<Name, ZoneNode>;
  /** The names of delegations and DNAME records. */
  readonly cuts: ReadonlySet<Name>;
  /** When the first signature expires, in Unix seconds; undefined without signatures. */
  readonly signedUntil: number | undefined;
  /** The names with NSEC records, in canonical order (RFC 4034 §6.1). */
  readonly denials: readonly Denial[];
  /** The number of records, including the SOA record. */
  readonly size: number;
}

/** The records of a type at a node; undefined if there are none. */
export function rrsetOf(node: ZoneNode | undefined, type: number): RRset | undefined {
  return node?.find((rrset) => rrset[0]!.type === type);
}

/** All records but the SOA record, including those below delegations (RFC 5936 §3.5). */
export function* contentOf(zone: Zone): Generator<ResourceRecord, void> {
  for (const node of zone.nodes.values()) {
    for (const rrset of node) if (rrset[0]!.type !== SOA.code) yield* rrset;
  }
}
