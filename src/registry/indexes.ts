import type { EndpointSlice } from './records.ts';
import { type ByNamespace, namesIn } from './table.ts';

const NONE: readonly never[] = [];

/** The records that hold an address. Nearly every address has one record, so an array is made only for a second one. */
export class AddressIndex<T extends object> {
  private readonly byAddress = new Map<string, T | T[]>();

  /** Adds a record under each of its addresses; the same address twice counts once. */
  addAll(addresses: readonly string[], record: T): void {
    for (const address of new Set(addresses)) this.add(address, record);
  }

  removeAll(addresses: readonly string[], record: T): void {
    for (const address of new Set(addresses)) this.remove(address, record);
  }

  /**
   * Replaces a record by another. Addresses that both hold stay in place: V8 rebuilds the whole table when removing and adding entries has filled it
   * with gaps.
   */
  replaceAll(before: readonly string[], old: T, after: readonly string[], record: T): void {
    const wanted = new Set(after);
    for (const address of new Set(before)) {
      if (wanted.delete(address)) this.replace(address, old, record);
      else this.remove(address, old);
    }
    for (const address of wanted) this.add(address, record);
  }

  /** The records that hold the address, in the order in which they came. */
  at(address: string): readonly T[] {
    const known = this.byAddress.get(address);
    if (known === undefined) return NONE;
    return Array.isArray(known) ? known : [known];
  }

  private add(address: string, record: T): void {
    const known = this.byAddress.get(address);
    if (Array.isArray(known)) known.push(record);
    else this.byAddress.set(address, known === undefined ? record : [known, record]);
  }

  private replace(address: string, old: T, record: T): void {
    const known = this.byAddress.get(address);
    if (Array.isArray(known)) known[known.indexOf(old)] = record;
    else this.byAddress.set(address, record);
  }

  private remove(address: string, record: T): void {
    const known = this.byAddress.get(address);
    const left = Array.isArray(known) ? known.filter((other) => other !== record) : [];
    if (left.length > 0) this.byAddress.set(address, left.length === 1 ? left[0]! : left);
    else this.byAddress.delete(address);
  }
}

/** The slices of each service: one for each hundred endpoints and address family, and for a mirrored Endpoints object. */
export class SlicesByService {
  private readonly byNamespace: ByNamespace<readonly EndpointSlice[]> = new Map();

  of(namespace: string, service: string): readonly EndpointSlice[] {
    return this.byNamespace.get(namespace)?.get(service) ?? NONE;
  }

  add(slice: EndpointSlice): void {
    const { namespace, service } = slice;
    namesIn(this.byNamespace, namespace).set(service, [...this.of(namespace, service), slice]);
  }

  remove(slice: EndpointSlice): void {
    const { namespace, service } = slice;
    const byService = namesIn(this.byNamespace, namespace);
    const left = this.of(namespace, service).filter((other) => other !== slice);
    if (left.length > 0) byService.set(service, left);
    else byService.delete(service);
    if (byService.size === 0) this.byNamespace.delete(namespace);
  }
}
