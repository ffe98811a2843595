import type { Clock } from '../../observe/clock.ts';
import type { EndpointSlice, Namespace, Pod, Service } from '../../registry/records.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Selector } from '../../registry/selector.ts';
import { convertEndpointSlice, convertImportedSlice, IMPORT_LABEL, serviceOfSlice } from '../objects/endpoint-slice.ts';
import { convertNamespace } from '../objects/namespace.ts';
import { convertPod } from '../objects/pod.ts';
import { convertService } from '../objects/service.ts';
import { convertServiceImport } from '../objects/service-import.ts';
import { holdEndpoints } from './held-endpoints.ts';
import { defineResource, type RecordStore, type Resource, selecting, UNCHANGED } from './resource.ts';
import { metadataOf } from './watch-event.ts';

/** The parts of a cluster to watch. */
export interface ResourceOptions {
  /** Selects all but namespaces. */
  readonly labels: Selector;
  readonly namespaceLabels: Selector;
  readonly endpointSlices: boolean;
  /** Whether endpoints are named after their pods. */
  readonly podNames: boolean;
  /** Whether endpoints are distinguished by topology zone. */
  readonly zones: boolean;
  readonly pods: boolean;
  /** Whether the services of the cluster set are watched. */
  readonly imports: boolean;
}

interface ResourceEnv {
  readonly clock: Clock;
  /** Called with a service whose endpoints changed, and the time of the cause, in milliseconds since the Unix epoch. */
  programmed?(service: Service, changedAtMs: number): void;
}

/** The resources that fill a registry, and a function that releases what they hold. */
export function clusterResources(
  registry: Registry,
  options: ResourceOptions,
  env: ResourceEnv,
): { readonly resources: readonly Resource[]; stop(): void } {
  const slices = holdEndpoints(registry, env.clock);
  const importedSlices = holdEndpoints(registry.imports, env.clock);
  const { labels, namespaceLabels } = options;
  const resources = [
    defineResource({
      ...{ group: '', version: 'v1', plural: 'namespaces', namespaced: false, ...selecting(namespaceLabels) },
      convert: convertNamespace,
      store: namespaceStore(registry),
    }),
    defineResource({
      ...{ group: '', version: 'v1', plural: 'services', namespaced: true, ...selecting(labels) },
      convert: convertService,
      store: serviceStore(registry),
    }),
    ...(options.endpointSlices ? [sliceResource(options, slices, registry, env)] : []),
    ...(options.pods ? [podResource(labels, registry)] : []),
    ...(options.imports ? importResources(options, importedSlices, registry) : []),
  ];
  return {
    resources,
    stop() {
      slices.stop();
      importedSlices.stop();
    },
  };
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

/** The imported services and their slices; the selector applies to both. */
function importResources(
  { labels, podNames, zones, endpointSlices }: ResourceOptions,
  slices: RecordStore<EndpointSlice>,
  { imports }: Registry,
): Resource[] {
  const imported = { key: IMPORT_LABEL, operator: 'exists', values: [] } as const;
  return [
    defineResource({
      ...{ group: 'multicluster.x-k8s.io', version: 'v1alpha1', plural: 'serviceimports', namespaced: true },
      ...selecting(labels),
      convert: convertServiceImport,
      store: serviceStore(imports),
    }),
    ...(endpointSlices
      ? [
          defineResource({
            ...{ group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', namespaced: true },
            ...{ note: 'imported', ...selecting([...labels, imported]) },
            convert: (object, passOver) => convertImportedSlice(object, { podNames, zones }, passOver),
            store: slices,
          }),
        ]
      : []),
  ];
}

function sliceResource(
  { labels, podNames, zones }: ResourceOptions,
  store: ReturnType<typeof holdEndpoints>,
  registry: Registry,
  env: ResourceEnv,
): Resource {
  return defineResource({
    ...{ group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', namespaced: true, ...selecting(labels) },
    convert: (object, passOver) => convertEndpointSlice(object, { podNames, zones }, passOver),
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
    ...{ group: '', version: 'v1', plural: 'pods', namespaced: true, ...selecting(labels) },
    fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown',
    convert: (object, passOver) =>
      metadataOf(object).deletionTimestamp === undefined ? convertPod(object, passOver) : UNCHANGED,
    store,
  });
}
