import type { Clock } from '../observe/clock.ts';
import { AddressIndex } from './address-index.ts';
import { Epochs } from './epochs.ts';
import type { Endpoint, EndpointSlice, Namespace, Pod, Service } from './records.ts';
import { ReversePrefixes } from './reverse-prefixes.ts';
import { SlicesByService } from './slices-by-service.ts';
import { Table } from './table.ts';

/** Everything there is of the kinds it names. */
export interface Snapshot {
  readonly namespaces: Iterable<Namespace>;
  readonly services: Iterable<Service>;
  readonly slices: Iterable<EndpointSlice>;
  readonly pods: Iterable<Pod>;
}

/** An endpoint and the slice that it stands in. */
export interface PlacedEndpoint {
  readonly slice: EndpointSlice;
  readonly endpoint: Endpoint;
}

export interface Counts {
  readonly namespaces: number;
  readonly services: number;
  readonly slices: number;
  readonly endpoints: number;
  readonly pods: number;
}

/**
 * What is known of a cluster, indexed for DNS. Sources write it, plugins read it.
 *
 * A change costs what the changed object costs. Setting a record that equals the one that is there changes nothing.
 */
export class Registry {
  private readonly clock: Clock;
  readonly epochs = new Epochs();
  private readonly namespaceTable: Table<Namespace>;
  private readonly serviceTable: Table<Service>;
  private readonly sliceTable: Table<EndpointSlice>;
  private readonly podTable: Table<Pod>;
  private readonly slicesByService = new SlicesByService();
  private readonly servicesByIP: AddressIndex<Service>;
  private readonly slicesByIP: AddressIndex<EndpointSlice>;
  private readonly podsByIP = new AddressIndex<Pod>();
  private readonly listeners = new Set<() => void>();
  private readonly sliceListeners = new Set<(slice: EndpointSlice) => void>();
  /** Built when the first partial reverse name is asked for, and kept up to date from then on. */
  private reversePrefixes: ReversePrefixes | undefined;
  private endpointCount = 0;
  private unsyncedReason: string | undefined = 'the first load is not complete';
  private lastSerial = 0;
  /** When the last change was made that {@link serial} does not show yet. */
  private changedAtMs: number | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
    const appeared = (ip: string) => this.reversePrefixes?.add(ip);
    const vanished = (ip: string) => this.reversePrefixes?.remove(ip);
    this.servicesByIP = new AddressIndex(appeared, vanished);
    this.slicesByIP = new AddressIndex(appeared, vanished);
    this.namespaceTable = new Table({
      link: () => this.epochs.moveNamespaces(),
      unlink: () => this.epochs.moveNamespaces(),
    });
    this.serviceTable = new Table({
      link: (service) => this.servicesByIP.addAll(service.clusterIPs, service),
      unlink: (service) => {
        this.servicesByIP.removeAll(service.clusterIPs, service);
        this.epochs.moveService(service);
      },
    });
    this.sliceTable = new Table({
      link: (slice) => this.linkSlice(slice),
      unlink: (slice) => this.unlinkSlice(slice),
    });
    this.podTable = new Table({
      link: (pod) => this.podsByIP.addAll(pod.ips, pod),
      unlink: (pod) => this.podsByIP.removeAll(pod.ips, pod),
    });
  }

  /** Whether what is here is complete: before that, the absence of a record says nothing. */
  get synced(): boolean {
    return this.unsyncedReason === undefined;
  }

  /** Why the registry is not synced, for the operator; empty if it is. */
  get syncError(): string {
    return this.unsyncedReason ?? '';
  }

  /**
   * The zone's serial: Unix seconds of the last change of a record, 0 before the first.
   *
   * Two different states never show the same serial; changes that nobody looked between share one, so that
   * loading a large cluster does not carry the serial hours ahead of the clock.
   */
  get serial(): number {
    if (this.changedAtMs !== undefined) {
      this.lastSerial = Math.max(Math.floor(this.changedAtMs / 1000), this.lastSerial + 1);
      this.changedAtMs = undefined;
    }
    return this.lastSerial;
  }

  namespace(name: string): Namespace | undefined {
    return this.namespaceTable.get('', name);
  }

  service(namespace: string, name: string): Service | undefined {
    return this.serviceTable.get(namespace, name);
  }

  slicesOf(namespace: string, service: string): readonly EndpointSlice[] {
    return this.slicesByService.of(namespace, service);
  }

  /** The services with this cluster IP, given in canonical text. */
  servicesAt(ip: string): readonly Service[] {
    return this.servicesByIP.at(ip);
  }

  /** The endpoints with this address, given in canonical text, of all slices. */
  endpointsAt(ip: string): readonly PlacedEndpoint[] {
    return this.slicesByIP
      .at(ip)
      .flatMap((slice) =>
        slice.endpoints.filter(({ addresses }) => addresses.includes(ip)).map((endpoint) => ({ slice, endpoint })),
      );
  }

  /** The pods with this address, given in canonical text. */
  podsAt(ip: string): readonly Pod[] {
    return this.podsByIP.at(ip);
  }

  /** Whether any cluster IP or endpoint address begins with these octets (family 4) or nibbles (family 6) and is longer than they are. */
  hasReversePrefix(values: readonly number[], family: 4 | 6): boolean {
    if (!this.reversePrefixes) {
      this.reversePrefixes = new ReversePrefixes();
      for (const address of this.servicesByIP.addresses()) this.reversePrefixes.add(address);
      for (const address of this.slicesByIP.addresses()) this.reversePrefixes.add(address);
    }
    return this.reversePrefixes.has(values, family);
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
    };
  }

  setNamespace(record: Namespace): void {
    if (this.namespaceTable.set(record)) this.changed();
  }

  deleteNamespace(name: string): void {
    if (this.namespaceTable.delete('', name)) this.changed();
  }

  setService(record: Service): void {
    if (this.serviceTable.set(record)) this.changed();
  }

  deleteService(namespace: string, name: string): void {
    if (this.serviceTable.delete(namespace, name)) this.changed();
  }

  setSlice(record: EndpointSlice): void {
    if (this.sliceTable.set(record)) this.changed();
  }

  deleteSlice(namespace: string, name: string): void {
    if (this.sliceTable.delete(namespace, name)) this.changed();
  }

  setPod(record: Pod): void {
    if (this.podTable.set(record)) this.changed();
  }

  deletePod(namespace: string, name: string): void {
    if (this.podTable.delete(namespace, name)) this.changed();
  }

  /** Makes each kind that the snapshot names equal to it, touching only what differs; the other kinds stay as they are. */
  replaceAll({ namespaces, services, slices, pods }: Partial<Snapshot>): void {
    const changes = [
      namespaces !== undefined && this.namespaceTable.replaceAll(namespaces),
      services !== undefined && this.serviceTable.replaceAll(services),
      slices !== undefined && this.sliceTable.replaceAll(slices),
      pods !== undefined && this.podTable.replaceAll(pods),
    ];
    if (changes.includes(true)) this.changed();
  }

  markSynced(): void {
    this.setUnsyncedReason(undefined);
  }

  /** Says that the registry is not complete, and why: "the folder manifests/ does not exist". */
  markUnsynced(reason: string): void {
    this.setUnsyncedReason(reason);
  }

  /** Calls `listener` after every change, once for all that one {@link replaceAll} changed. Returns how to end that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls `listener` with every slice that comes, goes or changes (then with both versions). Returns how to end that. */
  onSlice(listener: (slice: EndpointSlice) => void): () => void {
    this.sliceListeners.add(listener);
    return () => this.sliceListeners.delete(listener);
  }

  private setUnsyncedReason(reason: string | undefined): void {
    if (reason === this.unsyncedReason) return;
    this.unsyncedReason = reason;
    this.epochs.moveNamespaces();
    this.nextEpoch();
  }

  private changed(): void {
    this.changedAtMs = this.clock.now();
    this.nextEpoch();
  }

  private nextEpoch(): void {
    this.epochs.moveAll();
    for (const listener of this.listeners) listener();
  }

  private linkSlice(slice: EndpointSlice): void {
    this.slicesByService.add(slice);
    this.slicesByIP.addAll(addressesOf(slice), slice);
    this.endpointCount += slice.endpoints.length;
    this.sliceChanged(slice);
  }

  private unlinkSlice(slice: EndpointSlice): void {
    this.slicesByService.remove(slice);
    this.slicesByIP.removeAll(addressesOf(slice), slice);
    this.endpointCount -= slice.endpoints.length;
    this.sliceChanged(slice);
  }

  private sliceChanged(slice: EndpointSlice): void {
    this.epochs.moveService(this.service(slice.namespace, slice.service));
    for (const listener of this.sliceListeners) listener(slice);
  }
}

function addressesOf(slice: EndpointSlice): string[] {
  return slice.endpoints.flatMap(({ addresses }) => addresses);
}
