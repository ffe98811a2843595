import { Epoch } from '../base/epoch.ts';
import type { Service } from './records.ts';

/** What changed in a registry, in parts: who keeps what was made from a record learns from its epoch that it is out of date. */
export class Epochs {
  /** Everything. */
  readonly all = new Epoch();
  /** Which namespaces there are, and whether the registry is complete. */
  readonly namespaces = new Epoch();
  /** Only of records that somebody asked for. */
  private readonly services = new WeakMap<Service, Epoch>();

  /** The service and its endpoints: moves when the record is replaced or taken out, or one of its slices changes. */
  of(service: Service): Epoch {
    let epoch = this.services.get(service);
    if (!epoch) {
      epoch = new Epoch();
      this.services.set(service, epoch);
    }
    return epoch;
  }

  moveService(service: Service | undefined): void {
    if (service) this.services.get(service)?.move();
  }
}
