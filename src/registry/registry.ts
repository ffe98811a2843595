/*
 * What is known of a cluster: slim records of its objects, with the indexes that names and addresses are looked up by. Begin here;
 * change.ts has the table of what each change moves, records.ts the records. It never reads a source, and what it gives out is never
 * changed.
 */

import { atOnce } from '../base/in-turns.ts';
import type { Clock } from '../observe/clock.ts';
import { EFFECTS, type Effect, Epochs, type RecordChange, type SerialZones } from './change.ts';
import { Completeness, type RecordKind } from './completeness.ts';
import { DeclaredObjects, type DeclaredSnapshot } from './declared-objects.ts';
import { DECLARED_KINDS } from './declared-records.ts';
import { ImportedServices } from './imported-services.ts';
import { AddressIndex, SlicesByService } from './indexes.ts';
import type { Endpoint, EndpointSlice, Namespace, Pod, Service } from './records.ts';
import { Serial } from './serial.ts';
import { Table, type TableChange } from './table.ts';

/** All records of some kinds. */
interface Snapshot {
  readonly namespaces: Iterable<Namespace>;
  readonly services: Iterable<Service>;
  readonly slices: Iterable<EndpointSlice>;
  readonly pods: Iterable<Pod>;
  /** The services of the cluster set. */
  readonly imports: Iterable<Service>;
  readonly importedSlices: Iterable<EndpointSlice>;
  readonly declared: DeclaredSnapshot;
}

/** An endpoint and its slice. */
export interface PlacedEndpoint {
  readonly slice: EndpointSlice;
  readonly endpoint: Endpoint;
}

/** See {@link Registry.followSerial}; `stop` must be called when it is no longer used. */
export interface FollowedSerial {
  readonly serial: Serial;
  stop(): void;
}

export interface Counts {
  readonly namespaces: number;
  readonly services: number;
  readonly slices: number;
  readonly endpoints: number;
  readonly pods: number;
  readonly imports: number;
}

interface FollowingSerial {
  readonly zones: SerialZones;
  readonly isVisible: (change: RecordChange) => boolean;
  readonly serial: Serial;
}

/** A registry for readers, which cannot change it. */
export type ReadonlyRegistry = Omit<Registry, Change | 'imports' | 'declared'> & {
  readonly imports: Pick<ImportedServices, 'service' | 'slice' | 'slicesOf' | 'services' | 'slices'>;
  readonly declared: Pick<DeclaredObjects, 'get' | 'all' | 'count'>;
};

/** The methods that change a registry. */
type Change = Extract<keyof Registry, `${'set' | 'delete' | 'replace' | 'mark'}${string}`>;

/** The memory of a record with its entries in all indexes, in octets; measured with Node 24. */
const OCTETS = { namespace: 300, service: 600, slice: 450, endpoint: 130, pod: 400, declared: 420 } as const;

/** So many changes are made at once: they take a few milliseconds. */
const MAX_AT_ONCE = 1000;

/**
 * What is known of a cluster, indexed for DNS. Sources write it, plugins read it.
 *
 * The cost of a change depends only on the changed object. Setting a record that equals the present one has no effect.
 */
export class Registry {
  private static made = 0;
  /** Identifies the registry in the process. */
  readonly id: number = ++Registry.made;
  private readonly clock: Clock;
  readonly epochs = new Epochs();
  private readonly namespaceTable: Table<Namespace>;
  private readonly serviceTable: Table<Service>;
  private readonly sliceTable: Table<EndpointSlice>;
  private readonly podTable: Table<Pod>;
  private readonly slicesByService = new SlicesByService();
  private readonly servicesByIP = new AddressIndex<Service>();
  private readonly servicesByExternalIP = new AddressIndex<Service>();
  private readonly slicesByIP = new AddressIndex<EndpointSlice>();
  private readonly podsByIP = new AddressIndex<Pod>();
  /** The services that other clusters export. */
  readonly imports: ImportedServices;
  /** The objects that declare names outside of the cluster's zone. */
  readonly declared: DeclaredObjects;
  private readonly listeners = new Set<() => void>();
  private readonly recordListeners = new Set<(change: RecordChange) => void>();
  private readonly serials = new Set<FollowingSerial>();
  private endpointCount = 0;
  private readonly lastSerials = new Map<string, Serial>();
  private readonly completeness = new Completeness(() => this.stateChanged());
  private readonly summary = this.completeness.summaryOf();

  constructor(clock: Clock) {
    this.clock = clock;
    this.namespaceTable = new Table({ replaced: (before, after) => this.tell({ kind: 'namespace', before, after }) });
    this.serviceTable = new Table({
      link: (service) => {
        this.servicesByIP.addAll(service.clusterIPs, service);
        this.servicesByExternalIP.addAll(service.externalIPs, service);
      },
      unlink: (service) => {
        this.servicesByIP.removeAll(service.clusterIPs, service);
        this.servicesByExternalIP.removeAll(service.externalIPs, service);
      },
      replaced: (before, after) => this.tell({ kind: 'service', before, after }),
    });
    this.sliceTable = new Table({
      link: (slice) => this.linkSlice(slice),
      unlink: (slice) => this.unlinkSlice(slice),
      relink: (before, after) => this.relinkSlice(before, after),
      replaced: (before, after) => this.tell({ kind: 'slice', before, after }),
    });
    this.podTable = new Table({
      link: (pod) => this.podsByIP.addAll(pod.ips, pod),
      unlink: (pod) => this.podsByIP.removeAll(pod.ips, pod),
      replaced: (before, after) => this.tell({ kind: 'pod', before, after }),
    });
    this.imports = new ImportedServices({
      tell: (change) => this.tell(change),
      changed: () => this.nextEpoch(),
    });
    this.declared = new DeclaredObjects({
      tell: (kind, before, after) => this.tell({ kind, before, after } as RecordChange),
      changed: () => this.nextEpoch(),
    });
  }

  /** Whether the registry is complete: before that, a missing record may still come. */
  get synced(): boolean {
    return this.syncError === '';
  }

  /** Why the registry is not synced, for the operator; empty if it is. */
  get syncError(): string {
    return this.summary().gap;
  }

  /** Whether missing records may still come. If not, the registry is complete, or this server has no right to read the rest. */
  get pending(): boolean {
    return this.summary().isPending;
  }

  /** Whether the records may be old, since the source has been out of reach for long. */
  get stale(): boolean {
    return this.summary().isStale;
  }

  /** The registry for a reader of some kinds of records: whether it is synced or stale depends on these kinds only. */
  needing(kinds: readonly RecordKind[]): ReadonlyRegistry {
    const summary = this.completeness.summaryOf(kinds);
    return Object.create(this, {
      syncError: { get: () => summary().gap },
      pending: { get: () => summary().isPending },
      stale: { get: () => summary().isStale },
    });
  }

  namespace(name: string): Namespace | undefined {
    return this.namespaceTable.get('', name);
  }

  service(namespace: string, name: string): Service | undefined {
    return this.serviceTable.get(namespace, name);
  }

  slice(namespace: string, name: string): EndpointSlice | undefined {
    return this.sliceTable.get(namespace, name);
  }

  slicesOf(namespace: string, service: string): readonly EndpointSlice[] {
    return this.slicesByService.of(namespace, service);
  }

  /** The services with this cluster IP, given in canonical text. */
  servicesAt(ip: string): readonly Service[] {
    return this.servicesByIP.at(ip);
  }

  /** The services that are reached from outside at this address, given in canonical text. */
  servicesAtExternal(ip: string): readonly Service[] {
    return this.servicesByExternalIP.at(ip);
  }

  /** The endpoints with this address, given in canonical text, of all slices. */
  endpointsAt(ip: string): readonly PlacedEndpoint[] {
    return this.slicesByIP
      .at(ip)
      .flatMap((slice) =>
        slice.endpoints.filter(({ address }) => address === ip).map((endpoint) => ({ slice, endpoint })),
      );
  }

  /** The pods with this address, given in canonical text. */
  podsAt(ip: string): readonly Pod[] {
    return this.podsByIP.at(ip);
  }

  namespaces(): IterableIterator<Namespace> {
    return this.namespaceTable.values();
  }

  services(): IterableIterator<Service> {
    return this.serviceTable.values();
  }

  slices(): IterableIterator<EndpointSlice> {
    return this.sliceTable.values();
  }

  pods(): IterableIterator<Pod> {
    return this.podTable.values();
  }

  counts(): Counts {
    return {
      namespaces: this.namespaceTable.size,
      services: this.serviceTable.size,
      slices: this.sliceTable.size,
      endpoints: this.endpointCount,
      pods: this.podTable.size,
      imports: this.imports.size,
    };
  }

  /** An estimate of the memory of the records and their indexes, in octets. */
  estimateOctets(): number {
    const { namespaces, services, slices, endpoints, pods, imports } = this.counts();
    const { namespace, service, slice, endpoint, pod } = OCTETS;
    const objects = DECLARED_KINDS.reduce((sum, kind) => sum + this.declared.count(kind), 0);
    const ofCluster = namespaces * namespace + services * service + slices * slice + endpoints * endpoint + pods * pod;
    return ofCluster + imports * service + objects * OCTETS.declared;
  }

  setNamespace(record: Namespace): void {
    if (this.namespaceTable.set(record)) this.nextEpoch();
  }

  deleteNamespace(name: string): void {
    if (this.namespaceTable.delete('', name)) this.nextEpoch();
  }

  setService(record: Service): void {
    if (this.serviceTable.set(record)) this.nextEpoch();
  }

  deleteService(namespace: string, name: string): void {
    if (this.serviceTable.delete(namespace, name)) this.nextEpoch();
  }

  setSlice(record: EndpointSlice): void {
    if (this.sliceTable.set(record)) this.nextEpoch();
  }

  deleteSlice(namespace: string, name: string): void {
    if (this.sliceTable.delete(namespace, name)) this.nextEpoch();
  }

  setPod(record: Pod): void {
    if (this.podTable.set(record)) this.nextEpoch();
  }

  deletePod(namespace: string, name: string): void {
    if (this.podTable.delete(namespace, name)) this.nextEpoch();
  }

  /** Replaces the records of each kind in the snapshot, changing only those that differ. Other kinds stay as they are. */
  replaceAll(snapshot: Partial<Snapshot>): void {
    this.make(atOnce(this.changesTo(snapshot)));
  }

  /**
   * As {@link replaceAll}, in steps, for very many records. Few changes are made at once. Lookups between many changes see those that were made so far: a
   * service keeps its name and endpoints if it has them before and after.
   */
  *replaceInSteps(snapshot: Partial<Snapshot>): Generator<void> {
    const changes = yield* this.changesTo(snapshot);
    if (changes.length <= MAX_AT_ONCE) return this.make(changes);
    for (const change of changes) {
      this.make([change]);
      yield;
    }
  }

  private make(changes: readonly TableChange[]): void {
    let changed = false;
    for (const change of changes) changed = change() || changed;
    if (changed) this.nextEpoch();
  }

  private *changesTo(snapshot: Partial<Snapshot>): Generator<void, readonly TableChange[]> {
    const { namespaces, services, slices, pods, imports, importedSlices, declared } = snapshot;
    const serviceOf = ({ namespace, service }: EndpointSlice) => `${namespace}/${service}`;
    return [
      ...(namespaces ? yield* this.namespaceTable.changesTo(namespaces) : []),
      ...(services ? yield* this.serviceTable.changesTo(services) : []),
      ...(slices ? yield* this.sliceTable.changesTo(slices, serviceOf) : []),
      ...(pods ? yield* this.podTable.changesTo(pods) : []),
      () => this.imports.replaceAll(imports, importedSlices),
      () => declared !== undefined && this.declared.replaceAll(declared),
    ];
  }

  /** Says that all records are there, or those of a kind with a source of its own. */
  markSynced(part: RecordKind | 'all' = 'all'): void {
    this.completeness.set(part, { gap: undefined, isRefused: false });
  }

  /**
   * Says that the registry, or a kind of records, is not complete, and why: "the folder manifests/ does not exist". `isRefused` says that it is because
   * this server has no right to read it.
   */
  markUnsynced(reason: string, part: RecordKind | 'all' = 'all', isRefused = false): void {
    this.completeness.set(part, { gap: reason, isRefused });
  }

  /** Says whether the source has been out of reach for so long that clients should be told. */
  markStale(isStale: boolean, part: RecordKind | 'all' = 'all'): void {
    this.completeness.set(part, { isStale });
  }

  /** Calls `listener` after every change; once for each {@link replaceAll}. Returns a function that ends it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls `listener` with every record that is added, removed or replaced, when lookups already see the change. Returns a function that ends it. */
  onRecord(listener: (change: RecordChange) => void): () => void {
    this.recordListeners.add(listener);
    return () => this.recordListeners.delete(listener);
  }

  /**
   * A serial that moves with the changes for which `isVisible` is true; it is called when lookups already see the change. The serial starts after all
   * earlier serials of the registry for the same `zones`.
   */
  followSerial(zones: SerialZones, isVisible: (change: RecordChange) => boolean): FollowedSerial {
    const serial = new Serial(this.clock, this.lastSerials.get(zones)?.value);
    this.lastSerials.set(zones, serial);
    const following: FollowingSerial = { zones, isVisible, serial };
    this.serials.add(following);
    return { serial, stop: () => void this.serials.delete(following) };
  }

  /** Applies the {@link EFFECTS} of the change. */
  private tell(change: RecordChange): void {
    const { epoch, serials } = EFFECTS[change.kind] as Effect<unknown>;
    const { before, after } = change;
    if (before !== undefined) epoch(before, this)?.move();
    if (after !== undefined) epoch(after, this)?.move();
    for (const { zones, isVisible, serial } of this.serials) {
      if (serials.includes(zones) && isVisible(change)) serial.move();
    }
    for (const listener of this.recordListeners) listener(change);
  }

  private stateChanged(): void {
    EFFECTS.state.epoch(undefined, this)?.move();
    this.nextEpoch();
  }

  private nextEpoch(): void {
    this.epochs.all.move();
    for (const listener of this.listeners) listener();
  }

  private linkSlice(slice: EndpointSlice): void {
    this.slicesByService.add(slice);
    this.slicesByIP.addAll(addressesOf(slice), slice);
    this.endpointCount += slice.endpoints.length;
  }

  private unlinkSlice(slice: EndpointSlice): void {
    this.slicesByService.remove(slice);
    this.slicesByIP.removeAll(addressesOf(slice), slice);
    this.endpointCount -= slice.endpoints.length;
  }

  private relinkSlice(before: EndpointSlice, after: EndpointSlice): void {
    this.slicesByService.remove(before);
    this.slicesByService.add(after);
    this.slicesByIP.replaceAll(addressesOf(before), before, addressesOf(after), after);
    this.endpointCount += after.endpoints.length - before.endpoints.length;
  }
}

function addressesOf(slice: EndpointSlice): string[] {
  return slice.endpoints.map(({ address }) => address);
}
