import { Epoch } from '../base/epoch.ts';
import type { DeclaredKinds } from './declared-records.ts';
import type { EndpointSlice, Namespace, Pod, Service } from './records.ts';

/** The kinds of records of a registry. */
export interface RecordKinds extends DeclaredKinds {
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
  private readonly records = new WeakMap<object, Epoch>();

  /**
   * The epoch of a service and its endpoints: it moves when the record is replaced or removed, or when one of its slices changes. That of an object that
   * declares names moves with the record.
   */
  of(record: Service | DeclaredKinds[keyof DeclaredKinds]): Epoch {
    const epoch = this.records.get(record) ?? new Epoch();
    this.records.set(record, epoch);
    return epoch;
  }

  /** The epoch of the record, if it was asked for. */
  known(record: object | undefined): Epoch | undefined {
    return record && this.records.get(record);
  }
}

/**
 * Zones that share a serial: those of the cluster, those of the cluster set, those with services that are reached from outside, and those with the names
 * that objects declare.
 */
export type SerialZones = 'cluster' | 'cluster-set' | 'outside' | 'declared';

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

const DECLARED: Effect<object> = { epoch: (record, { epochs }) => epochs.known(record), serials: ['declared'] };

/**
 * The effects of a change of each kind. After them, the listeners of `onRecord` are called. Once for each call that changed something, `Epochs.all`
 * moves and the listeners of `onChange` are called. `state` is a change between synced and unsynced, or stale and fresh, without a changed record.
 */
export const EFFECTS: { readonly [K in keyof RecordKinds]: Effect<RecordKinds[K]> } & { readonly state: Effect<void> } =
  {
    namespace: {
      epoch: (_, { epochs }) => epochs.namespaces,
      serials: ['cluster', 'cluster-set', 'outside', 'declared'],
    },
    service: { epoch: (service, { epochs }) => epochs.known(service), serials: ['cluster', 'outside', 'declared'] },
    slice: {
      epoch: (slice, registry) => ofSlice(registry.epochs, registry, slice),
      serials: ['cluster', 'outside', 'declared'],
    },
    pod: { epoch: () => undefined, serials: ['cluster'] },
    import: { epoch: (service, { epochs }) => epochs.known(service), serials: ['cluster-set'] },
    'imported-slice': {
      epoch: (slice, { epochs, imports }) => ofSlice(epochs, imports, slice),
      serials: ['cluster-set'],
    },
    ...{ ingress: DECLARED, gateway: DECLARED, node: DECLARED, 'dns-endpoint': DECLARED, 'service-cidr': DECLARED },
    ...{ 'http-route': DECLARED, 'tls-route': DECLARED, 'grpc-route': DECLARED },
    state: { epoch: (_, { epochs }) => epochs.namespaces, serials: [] },
  };
