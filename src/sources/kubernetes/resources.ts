import type { Clock } from '../../observe/clock.ts';
import { RECORD_KINDS, type RecordKind } from '../../registry/completeness.ts';
import type { DeclaredKind, DeclaredKinds } from '../../registry/declared-records.ts';
import type { EndpointSlice, Namespace, Pod, Service } from '../../registry/records.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Selector } from '../../registry/selector.ts';
import type { Key } from '../../registry/table.ts';
import { DECLARED_OBJECTS, type DeclaredObject } from '../objects/declared.ts';
import {
  convertEndpointSlice,
  convertImportedSlice,
  type EndpointOptions,
  IMPORT_LABEL,
  serviceOfSlice,
} from '../objects/endpoint-slice.ts';
import { convertNamespace } from '../objects/namespace.ts';
import { convertPod } from '../objects/pod.ts';
import { convertService } from '../objects/service.ts';
import { convertServiceImport } from '../objects/service-import.ts';
import { holdEndpoints } from './held-endpoints.ts';
import { defineResource, type RecordStore, type Resource, selecting, UNCHANGED } from './resource.ts';
import { metadataOf } from './watch-event.ts';

/** Which objects are watched. */
export interface Selection {
  /** Selects all but namespaces and gateways. */
  readonly labels: Selector;
  readonly namespaceLabels: Selector;
}

/** What a reader needs of a cluster. */
export interface Needs {
  readonly kinds: readonly RecordKind[];
  /** Whether endpoints are named after their pods. */
  readonly podNames?: boolean;
  /** Whether endpoints are distinguished by topology zone. */
  readonly zones?: boolean;
  /** Whether endpoints count that are about to end and still serve. */
  readonly terminating?: boolean;
  /** Whether the pods must not be those that an earlier process knew: by their addresses, a client would be taken for another one. */
  readonly currentPods?: boolean;
}

interface ResourceEnv {
  readonly clock: Clock;
  /** Called with a service whose endpoints changed, and the time of the cause, in milliseconds since the Unix epoch. */
  programmed?(service: Service, changedAtMs: number): void;
}

/** The resources that fill a registry. */
export interface Catalog {
  /** Those that readers need together. A resource stays the same object as long as no reader needs more details of it. */
  resourcesFor(needs: readonly Needs[]): Resource[];
  /** Releases what the resources hold. */
  stop(): void;
}

export function createCatalog(registry: Registry, { labels, namespaceLabels }: Selection, env: ResourceEnv): Catalog {
  const slices = holdEndpoints(registry, env.clock);
  const importedSlices = holdEndpoints(registry.imports, env.clock);
  const made = new Map<string, Resource>();
  const kept = { podNames: false, zones: false, terminating: false };

  function make(kind: RecordKind): Resource {
    switch (kind) {
      case 'namespace':
        return namespaceResource(namespaceLabels, registry);
      case 'service':
        return defineResource({
          ...{ kind, group: '', version: 'v1', plural: 'services', namespaced: true, ...selecting(labels) },
          convert: convertService,
          store: serviceStore(registry),
        });
      case 'slice':
        return sliceResource(labels, { ...kept }, slices, registry, env);
      case 'pod':
        return podResource(labels, registry);
      case 'import':
        return importResource(labels, registry);
      case 'imported-slice':
        return importedSliceResource(labels, { ...kept }, importedSlices);
      default:
        return declaredResource(kind, labels, registry);
    }
  }

  return {
    resourcesFor(needs) {
      kept.podNames ||= needs.some(({ podNames }) => podNames);
      kept.zones ||= needs.some(({ zones }) => zones);
      kept.terminating ||= needs.some(({ terminating }) => terminating);
      const needed = new Set(needs.flatMap(({ kinds }) => kinds));
      return RECORD_KINDS.filter((kind) => needed.has(kind)).map((kind) => {
        const key = kind.endsWith('slice') ? `${kind} ${JSON.stringify(kept)}` : kind;
        const resource = made.get(key) ?? make(kind);
        made.set(key, resource);
        return resource;
      });
    },
    stop() {
      slices.stop();
      importedSlices.stop();
    },
  };
}

function namespaceResource(labels: Selector, registry: Registry): Resource {
  const assume = (name: string): Namespace => ({ name });
  return defineResource({
    ...{ kind: 'namespace', group: '', version: 'v1', plural: 'namespaces', namespaced: false, ...selecting(labels) },
    ...{ convert: convertNamespace, store: namespaceStore(registry), assume },
  });
}

function namespaceStore(registry: Registry): RecordStore<Namespace> {
  return {
    set: (namespace) => registry.setNamespace(namespace),
    delete: (_, name) => registry.deleteNamespace(name),
    records: () => registry.namespaces(),
  };
}

type Services = Pick<Registry, 'setService' | 'deleteService' | 'services'>;

function serviceStore(services: Services): RecordStore<Service> {
  return {
    set: (service) => services.setService(service),
    delete: (namespace, name) => services.deleteService(namespace, name),
    records: () => services.services(),
  };
}

function importResource(labels: Selector, { imports }: Registry): Resource {
  return defineResource({
    ...{ kind: 'import', group: 'multicluster.x-k8s.io', ...IMPORT_VERSIONS, plural: 'serviceimports' },
    ...{ namespaced: true, ...selecting(labels) },
    convert: convertServiceImport,
    store: serviceStore(imports),
  });
}

const IMPORT_VERSIONS = { version: 'v1beta1', versions: ['v1beta1', 'v1alpha1'] };

/** The endpoints of imported services; the selector applies to them, too. */
function importedSliceResource(labels: Selector, kept: EndpointOptions, store: RecordStore<EndpointSlice>): Resource {
  const imported = { key: IMPORT_LABEL, operator: 'exists', values: [] } as const;
  return defineResource({
    ...{ kind: 'imported-slice', group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', namespaced: true },
    ...{ note: 'imported', details: JSON.stringify(kept), ...selecting([...labels, imported]) },
    convert: (object, passOver) => convertImportedSlice(object, kept, passOver),
    store,
  });
}

function declaredResource<K extends DeclaredKind>(kind: K, labels: Selector, { declared }: Registry): Resource {
  const object = Object.values<DeclaredObject>(DECLARED_OBJECTS).find(({ record }) => record === kind)!;
  const { group, plural, versions, namespaced, isCustom, isSelected, since } = object as DeclaredObject<K>;
  return defineResource<DeclaredKinds[K] & Key>({
    ...{ kind, group, plural, version: versions[0]!, namespaced, ...(isCustom && { versions }) },
    ...(since !== undefined && { since }),
    ...(isSelected && selecting(labels)),
    convert: (each, passOver) => (object as DeclaredObject<K>).convert(each, 'api', passOver) as DeclaredKinds[K] & Key,
    store: {
      set: (record) => declared.set(kind, record),
      delete: (namespace, name) => declared.delete(kind, namespace, name),
      records: () => declared.all(kind),
    },
  });
}

function sliceResource(
  labels: Selector,
  kept: EndpointOptions,
  store: ReturnType<typeof holdEndpoints>,
  registry: Registry,
  env: ResourceEnv,
): Resource {
  return defineResource({
    ...{ kind: 'slice', group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', namespaced: true },
    ...{ details: JSON.stringify(kept), ...selecting(labels) },
    convert: (object, passOver) => convertEndpointSlice(object, kept, passOver),
    store,
    changed(object) {
      const changedAtMs = triggerTimeMs(object);
      const service = registry.service(metadataOf(object).namespace ?? '', serviceOfSlice(object) ?? '');
      if (changedAtMs !== undefined && service) env.programmed?.(service, changedAtMs);
    },
  });
}

const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

/** The time of the change of a pod or service for which the control plane changed a slice. */
function triggerTimeMs(object: unknown): number | undefined {
  const ms = Date.parse(String(metadataOf(object).annotations?.[TRIGGER_TIME] ?? ''));
  return Number.isNaN(ms) ? undefined : ms;
}

/** A pod that is being deleted keeps its address until it is gone. */
function podResource(labels: Selector, registry: Registry): Resource {
  const store: RecordStore<Pod> = {
    set: (pod) => registry.setPod(pod),
    delete: (namespace, name) => registry.deletePod(namespace, name),
    records: () => registry.pods(),
  };
  return defineResource({
    ...{ kind: 'pod', group: '', version: 'v1', plural: 'pods', namespaced: true, ...selecting(labels) },
    fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown',
    convert: (object, passOver) =>
      metadataOf(object).deletionTimestamp === undefined ? convertPod(object, passOver) : UNCHANGED,
    store,
  });
}
