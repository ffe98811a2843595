import { Epoch } from '../base/epoch.ts';
import type { EndpointSlice, Namespace, Pod, Service } from './records.ts';

/** The kinds of records of a registry. */
export interface RecordKinds {
  namespace: Namespace;
  service: Service;
  slice: EndpointSlice;
  pod: Pod;
  /** A service of the cluster set. */
  import: Service;
  'imported-slice': EndpointSlice;
}

/** A record that was added (without `before`), removed (without `after`) or replaced. */
export type RecordChange = { readonly [K in keyof RecordKinds]: Change<K, RecordKinds[K]> }[keyof RecordKinds];

interface Change<K, T> {
  readonly kind: K;
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** The epochs of a registry's parts: a reply that was made from a record is stale when the record's epoch has moved. */
export class Epochs {
  /** Everything. */
  readonly all = new Epoch();
  /** Moves when namespaces change, or when the registry becomes complete or incomplete. */
  readonly namespaces = new Epoch();
  /** Only for records whose epoch was asked for. */
  private readonly services = new WeakMap<Service, Epoch>();

  /** The epoch of a service and its endpoints: it moves when the record is replaced or removed, or when one of its slices changes. */
  of(service: Service): Epoch {
    const epoch = this.services.get(service) ?? new Epoch();
    this.services.set(service, epoch);
    return epoch;
  }

  /** The epoch of the service, if it was asked for. */
  known(service: Service | undefined): Epoch | undefined {
    return service && this.services.get(service);
  }
}

/** Zones that share a serial: those of the cluster, those of the cluster set, and those with services that are reached from outside. */
export type SerialZones = 'cluster' | 'cluster-set' | 'outside';

/** Finds the service of a slice. */
interface Services {
  service(namespace: string, name: string): Service | undefined;
}

interface Changed extends Services {
  readonly epochs: Epochs;
  readonly imports: Services;
}

export interface Effect<T> {
  /** The epoch of a record; those of the old and of the new record move. */
  epoch(record: T, registry: Changed): Epoch | undefined;
  /** The zones whose serials move if their replies show the change: see `src/cluster/visible.ts`. */
  readonly serials: readonly SerialZones[];
}

const ofSlice = (epochs: Epochs, services: Services, { namespace, service }: EndpointSlice) =>
  epochs.known(services.service(namespace, service));

/**
 * The effects of a change of each kind. After them, the listeners of `onRecord` are called. Once for each call that changed something, `Epochs.all`
 * moves and the listeners of `onChange` are called. `state` is a change between synced and unsynced, or stale and fresh, without a changed record.
 */
export const EFFECTS: { readonly [K in keyof RecordKinds]: Effect<RecordKinds[K]> } & { readonly state: Effect<void> } =
  {
    namespace: { epoch: (_, { epochs }) => epochs.namespaces, serials: ['cluster', 'cluster-set', 'outside'] },
    service: { epoch: (service, { epochs }) => epochs.known(service), serials: ['cluster', 'outside'] },
    slice: { epoch: (slice, registry) => ofSlice(registry.epochs, registry, slice), serials: ['cluster', 'outside'] },
    pod: { epoch: () => undefined, serials: ['cluster'] },
    import: { epoch: (service, { epochs }) => epochs.known(service), serials: ['cluster-set'] },
    'imported-slice': {
      epoch: (slice, { epochs, imports }) => ofSlice(epochs, imports, slice),
      serials: ['cluster-set'],
    },
    state: { epoch: (_, { epochs }) => epochs.namespaces, serials: [] },
  };
