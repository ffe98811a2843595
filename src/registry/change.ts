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

/** A record that came (nothing before), went (nothing after) or was replaced. */
export type RecordChange = { readonly [K in keyof RecordKinds]: Change<K, RecordKinds[K]> }[keyof RecordKinds];

interface Change<K, T> {
  readonly kind: K;
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** What changed in a registry, in parts: an answer that was made from a record is out of date when the record's epoch has moved. */
export class Epochs {
  /** Everything. */
  readonly all = new Epoch();
  /** Which namespaces there are, and whether the registry is complete. */
  readonly namespaces = new Epoch();
  /** Only of records that somebody asked for. */
  private readonly services = new WeakMap<Service, Epoch>();

  /** The service and its endpoints: moves when the record is replaced or taken out, or one of its slices changes. */
  of(service: Service): Epoch {
    const epoch = this.services.get(service) ?? new Epoch();
    this.services.set(service, epoch);
    return epoch;
  }

  /** The epoch of the service, if somebody asked for it. */
  known(service: Service | undefined): Epoch | undefined {
    return service && this.services.get(service);
  }
}

/** Zones that share a serial: the cluster's, those of the cluster set, and those with services that are reached from outside. */
export type SerialZones = 'cluster' | 'cluster-set' | 'outside';

/** Where the service of a slice is found. */
interface Services {
  service(namespace: string, name: string): Service | undefined;
}

interface Changed extends Services {
  readonly epochs: Epochs;
  readonly imports: Services;
}

export interface Effect<T> {
  /** The epoch that moves: of the record that was there, and of the one that is there now. */
  epoch(record: T, registry: Changed): Epoch | undefined;
  /** The zones whose serials move, if their answers show the change: `src/cluster/visible.ts` says so. */
  readonly serials: readonly SerialZones[];
}

const ofSlice = (epochs: Epochs, services: Services, { namespace, service }: EndpointSlice) =>
  epochs.known(services.service(namespace, service));

/**
 * What a change of each kind does. Then the listeners of `onRecord` are told of it. Once for each call that changed something,
 * `Epochs.all` moves, and the listeners of `onChange` are told. `state` is whether the registry is synced, or stale: no record changes with it.
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
