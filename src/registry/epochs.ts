import type { Service } from './records.ts';

interface Counter {
  value: number;
}

/** A counter that moves whenever what it stands for changes. */
export type Epoch = Readonly<Counter>;

/** What changed in a registry, in parts: who keeps what was made from a record learns from its epoch that it is out of date. */
export class Epochs {
  private readonly allCounter: Counter = { value: 0 };
  private readonly namespacesCounter: Counter = { value: 0 };
  /** Only of records that somebody asked for. */
  private readonly services = new WeakMap<Service, Counter>();

  /** Everything. */
  get all(): Epoch {
    return this.allCounter;
  }

  /** Which namespaces there are, and whether the registry is complete. */
  get namespaces(): Epoch {
    return this.namespacesCounter;
  }

  /** The service and its endpoints: moves when the record is replaced or taken out, or one of its slices changes. */
  of(service: Service): Epoch {
    let counter = this.services.get(service);
    if (!counter) {
      counter = { value: 0 };
      this.services.set(service, counter);
    }
    return counter;
  }

  moveAll(): void {
    this.allCounter.value++;
  }

  moveNamespaces(): void {
    this.namespacesCounter.value++;
  }

  moveService(service: Service | undefined): void {
    const counter = service && this.services.get(service);
    if (counter) counter.value++;
  }
}
