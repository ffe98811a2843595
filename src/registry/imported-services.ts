import type { RecordChange } from './change.ts';
import { SlicesByService } from './indexes.ts';
import type { EndpointSlice, Service } from './records.ts';
import { Table } from './table.ts';

/**
 * The services that other clusters of the cluster set export, and their endpoints (Multi-Cluster Services API). Their names are in separate zones, so
 * they never mix with the cluster's services.
 */
export class ImportedServices {
  private readonly serviceTable: Table<Service>;
  private readonly sliceTable: Table<EndpointSlice>;
  private readonly slicesByService = new SlicesByService();
  private readonly changed: () => void;

  /** `tell` is called with each changed record, and then `changed` once. */
  constructor({ tell, changed }: { tell(change: RecordChange): void; changed(): void }) {
    this.changed = changed;
    this.serviceTable = new Table({ replaced: (before, after) => tell({ kind: 'import', before, after }) });
    this.sliceTable = new Table({
      link: (slice) => this.slicesByService.add(slice),
      unlink: (slice) => this.slicesByService.remove(slice),
      replaced: (before, after) => tell({ kind: 'imported-slice', before, after }),
    });
  }

  get size(): number {
    return this.serviceTable.size;
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

  services(): IterableIterator<Service> {
    return this.serviceTable.values();
  }

  slices(): IterableIterator<EndpointSlice> {
    return this.sliceTable.values();
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

  /** Replaces the records of each given kind. Returns whether anything changed, without calling `changed`. */
  replaceAll(services: Iterable<Service> | undefined, slices: Iterable<EndpointSlice> | undefined): boolean {
    const changes = [
      services !== undefined && this.serviceTable.replaceAll(services),
      slices !== undefined && this.sliceTable.replaceAll(slices),
    ];
    return changes.includes(true);
  }
}
