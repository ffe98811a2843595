import type { EndpointSlice, Namespace, Pod, Service } from '../../registry/records.ts';
import type { Labels } from '../../registry/selector.ts';
import { convertEndpointSlice, convertImportedSlice } from '../objects/endpoint-slice.ts';
import { convertEndpoints } from '../objects/endpoints.ts';
import { Field } from '../objects/field.ts';
import type { ApiObject } from '../objects/list.ts';
import { readLabels, readLongNames } from '../objects/metadata.ts';
import { convertNamespace } from '../objects/namespace.ts';
import { convertPod } from '../objects/pod.ts';
import { readProtocol } from '../objects/ports.ts';
import { convertService } from '../objects/service.ts';
import { convertServiceImport } from '../objects/service-import.ts';

/** What every manifest has; `place` is where it stands, for messages. */
interface Common {
  /** Empty for a Namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly place: string;
}

export type Family = 'IPv4' | 'IPv6';

/** A Service, and what the control plane would read of it. */
export interface ServiceManifest extends Common {
  readonly kind: 'Service';
  readonly record: Service;
  /** spec.selector; empty for a service whose endpoints are given by hand. */
  readonly selector: Labels;
  readonly publishNotReady: boolean;
  readonly targetPorts: readonly TargetPort[];
  /** spec.ipFamilies; empty if not given. */
  readonly families: readonly Family[];
  /** Whether the service may have an address of each family. */
  readonly dualStack: boolean;
}

export interface TargetPort {
  readonly name: string;
  readonly protocol: string;
  /** A number, or the name that the pod's container gives the port. */
  readonly target: number | string;
}

export interface SliceManifest extends Common {
  readonly kind: 'EndpointSlice';
  /** Undefined if no name leads to the slice. */
  readonly record: EndpointSlice | undefined;
  /** The same as a slice of the cluster set; undefined if it is none. */
  readonly imported: EndpointSlice | undefined;
}

export interface EndpointsManifest extends Common {
  readonly kind: 'Endpoints';
  readonly records: readonly EndpointSlice[];
}

/** A Pod, and what the control plane would read of it. */
export interface PodManifest extends Common {
  readonly kind: 'Pod';
  /** Undefined if the pod has no address. */
  readonly record: Pod | undefined;
  readonly ready: boolean;
  readonly hostname: string;
  readonly subdomain: string;
  readonly nodeName: string;
  readonly zone: string;
  readonly containerPorts: readonly ContainerPort[];
}

export interface ContainerPort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
}

export interface NamespaceManifest extends Common {
  readonly kind: 'Namespace';
  readonly record: Namespace;
}

export interface ImportManifest extends Common {
  readonly kind: 'ServiceImport';
  readonly record: Service;
}

export type Manifest =
  | ServiceManifest
  | SliceManifest
  | EndpointsManifest
  | PodManifest
  | NamespaceManifest
  | ImportManifest;

const READERS: Readonly<Record<string, (object: unknown, place: string) => Manifest>> = {
  'v1 Service': readService,
  'v1 Endpoints': readEndpoints,
  'v1 Pod': readPod,
  'v1 Namespace': readNamespace,
  'discovery.k8s.io/v1 EndpointSlice': readSlice,
  'multicluster.x-k8s.io/v1alpha1 ServiceImport': readImport,
};

/** Reads an API object; undefined if its kind is none that DNS is made of. @throws ObjectError */
export function readManifest({ apiVersion, kind, object }: ApiObject, place: string): Manifest | undefined {
  return READERS[`${apiVersion} ${kind}`]?.(object, place);
}

function readService(object: unknown, place: string): ServiceManifest {
  const record = convertService(object);
  const service = new Field('Service', object);
  const spec = service.get('spec');
  const families = spec.get('ipFamilies').items();
  return {
    kind: 'Service',
    ...namesOf(record),
    labels: readLabels(service),
    place,
    record,
    selector: record.type === 'ExternalName' ? {} : spec.get('selector').labels(),
    publishNotReady: spec.get('publishNotReadyAddresses').flag() ?? false,
    targetPorts: spec.get('ports').items().map(readTargetPort),
    families: families.map((family) => family.oneOf(['IPv4', 'IPv6']) ?? family.wrong('IPv4 or IPv6')),
    dualStack:
      families.length > 1 ||
      (spec.get('ipFamilyPolicy').oneOf(['SingleStack', 'PreferDualStack', 'RequireDualStack']) ?? 'SingleStack') !==
        'SingleStack',
  };
}

function readTargetPort(port: Field): TargetPort {
  const target = port.get('targetPort');
  return {
    name: (port.get('name').text() ?? '').toLowerCase(),
    protocol: readProtocol(port),
    target: typeof target.value === 'string' ? target.value : (target.present ? target : port.get('port')).port(),
  };
}

function readSlice(object: unknown, place: string): SliceManifest {
  const slice = new Field('EndpointSlice', object);
  const [record, imported] = [convertEndpointSlice(object), convertImportedSlice(object)];
  return { kind: 'EndpointSlice', ...readLongNames(slice), labels: readLabels(slice), place, record, imported };
}

function readImport(object: unknown, place: string): ImportManifest {
  const record = convertServiceImport(object);
  const labels = readLabels(new Field('ServiceImport', object));
  return { kind: 'ServiceImport', ...namesOf(record), labels, place, record };
}

function readEndpoints(object: unknown, place: string): EndpointsManifest {
  const endpoints = new Field('Endpoints', object);
  const records = convertEndpoints(object);
  return { kind: 'Endpoints', ...readLongNames(endpoints), labels: readLabels(endpoints), place, records };
}

function readPod(object: unknown, place: string): PodManifest {
  const pod = new Field('Pod', object);
  const record = convertPod(object);
  const spec = pod.get('spec');
  const labels = readLabels(pod);
  return {
    kind: 'Pod',
    ...readLongNames(pod),
    labels,
    place,
    record,
    ready: isReady(pod.get('status')),
    hostname: spec.get('hostname').text() ?? '',
    subdomain: spec.get('subdomain').text() ?? '',
    nodeName: spec.get('nodeName').text() ?? '',
    zone: (labels['topology.kubernetes.io/zone'] ?? '').toLowerCase(),
    containerPorts: containersOf(spec).flatMap((container) => container.get('ports').items().map(readContainerPort)),
  };
}

/**
 * Whether the Ready condition is true. A kubelet always gives conditions; a pod written by hand with an address and without
 * conditions is meant to be reached, unless its phase says that it does not run.
 */
function isReady(status: Field): boolean {
  const conditions = status.get('conditions').items();
  if (conditions.length === 0) return (status.get('phase').text() ?? 'Running') === 'Running';
  return conditions.some(
    (condition) => condition.get('type').value === 'Ready' && condition.get('status').value === 'True',
  );
}

/** Sidecars, which are init containers that stay, have ports as well. */
function containersOf(spec: Field): Field[] {
  const sidecars = spec
    .get('initContainers')
    .items()
    .filter((container) => container.get('restartPolicy').value === 'Always');
  return [...spec.get('containers').items(), ...sidecars];
}

function readContainerPort(port: Field): ContainerPort {
  return { name: port.get('name').text() ?? '', protocol: readProtocol(port), port: port.get('containerPort').port() };
}

function readNamespace(object: unknown, place: string): NamespaceManifest {
  const record = convertNamespace(object);
  const labels = readLabels(new Field('Namespace', object));
  return { kind: 'Namespace', namespace: '', name: record.name, labels, place, record };
}

function namesOf({ namespace, name }: { namespace: string; name: string }): { namespace: string; name: string } {
  return { namespace, name };
}
