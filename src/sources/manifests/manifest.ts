import type { DeclaredKinds } from '../../registry/declared-records.ts';
import type { EndpointSlice, Namespace, Service } from '../../registry/records.ts';
import type { Labels } from '../../registry/selector.ts';
import {
  apiVersionsOf,
  DECLARED_OBJECTS,
  DECLARING_KINDS,
  type DeclaredObject,
  type DeclaringKind,
} from '../objects/declared.ts';
import { convertEndpointSlice, convertImportedSlice } from '../objects/endpoint-slice.ts';
import { convertEndpoints } from '../objects/endpoints.ts';
import { Field, type PassOver, readEach, refuseAll } from '../objects/field.ts';
import { checkUnused } from '../objects/kinds.ts';
import { checkKeys } from '../objects/known-keys.ts';
import type { ApiObject } from '../objects/list.ts';
import { readLabels, readLongNames } from '../objects/metadata.ts';
import { convertNamespace } from '../objects/namespace.ts';
import { readProtocol } from '../objects/ports.ts';
import { convertService } from '../objects/service.ts';
import { convertServiceImport } from '../objects/service-import.ts';
import { type PodFields, readPod } from './pod.ts';
import { readWorkload, WORKLOAD_API_VERSIONS, type WorkloadFields, type WorkloadKind } from './workload.ts';

/** The fields of every manifest; `place` is its position, for messages. */
interface Common {
  /** Empty for an object of the whole cluster, such as a Namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly place: string;
}

export type Family = 'IPv4' | 'IPv6';

/** A Service, with the fields that a control plane would use. */
export interface ServiceManifest extends Common {
  readonly kind: 'Service';
  readonly record: Service;
  /** spec.selector; empty for a service whose endpoints are given by hand. */
  readonly selector: Labels;
  readonly publishNotReady: boolean;
  readonly targetPorts: readonly TargetPort[];
  /** For how long a client stays with its endpoint (spec.sessionAffinity: ClientIP); 0 if every connection may take another. */
  readonly affinitySeconds: number;
  /** spec.ipFamilies; empty if not given. */
  readonly families: readonly Family[];
  /** Whether the service may have an address of each family. */
  readonly dualStack: boolean;
}

interface TargetPort {
  readonly name: string;
  readonly protocol: string;
  /** A number, or the name that the pod's container gives the port. */
  readonly target: number | string;
}

interface SliceManifest extends Common {
  readonly kind: 'EndpointSlice';
  /** Undefined if no name leads to the slice. */
  readonly record: EndpointSlice | undefined;
  /** The record as a slice of the cluster set; undefined if it is not imported. */
  readonly imported: EndpointSlice | undefined;
}

interface EndpointsManifest extends Common {
  readonly kind: 'Endpoints';
  readonly records: readonly EndpointSlice[];
}

interface NamespaceManifest extends Common {
  readonly kind: 'Namespace';
  readonly record: Namespace;
}

interface ImportManifest extends Common {
  readonly kind: 'ServiceImport';
  readonly record: Service;
}

/** An object that declares names outside of the cluster's zone. */
export type DeclaringManifest = {
  readonly [K in DeclaringKind]: Common & {
    readonly kind: K;
    /** Undefined for an object that is to be ignored. */
    readonly record: DeclaredKinds[(typeof DECLARED_OBJECTS)[K]['record']] | undefined;
  };
}[DeclaringKind];

export interface PodManifest extends Common, PodFields {
  readonly kind: 'Pod';
}

/** An object whose controller creates pods, such as a Deployment. */
export interface Workload extends Common, WorkloadFields {
  readonly kind: WorkloadKind;
}

export type Manifest =
  | ServiceManifest
  | SliceManifest
  | EndpointsManifest
  | PodManifest
  | NamespaceManifest
  | ImportManifest
  | DeclaringManifest
  | Workload;

type Reader = (object: unknown, place: string, passOver: PassOver) => Manifest;

const READERS: Readonly<Record<string, Reader>> = {
  ...workloadReaders(),
  ...declaringReaders(),
  'v1 Service': readService,
  'v1 Endpoints': readEndpoints,
  'v1 Pod': readPodManifest,
  'v1 Namespace': readNamespace,
  'discovery.k8s.io/v1 EndpointSlice': readSlice,
  'multicluster.x-k8s.io/v1beta1 ServiceImport': readImport,
  'multicluster.x-k8s.io/v1alpha1 ServiceImport': readImport,
};

/** The kinds of objects that matter for DNS, with the newest API version of each. */
export const API_VERSIONS = {
  Service: 'v1',
  Pod: 'v1',
  Namespace: 'v1',
  Endpoints: 'v1',
  EndpointSlice: 'discovery.k8s.io/v1',
  ServiceImport: 'multicluster.x-k8s.io/v1beta1',
  ...(Object.fromEntries(DECLARING_KINDS.map((kind) => [kind, apiVersionsOf(kind)[0]])) as Record<
    DeclaringKind,
    string
  >),
  ...WORKLOAD_API_VERSIONS,
} as const satisfies Record<Manifest['kind'], string>;

/** Whether objects of a kind belong to no namespace. */
export function isClusterWide(kind: string): boolean {
  const declared: Partial<Record<string, DeclaredObject>> = DECLARED_OBJECTS;
  return kind === 'Namespace' || (Object.hasOwn(declared, kind) && declared[kind]?.namespaced === false);
}

/**
 * Reads an API object; undefined if DNS does not need its kind.
 *
 * @param passOver is called for parts of the object that are not valid: it is read without them.
 * @throws ObjectError, also for a kind or an API version that is probably misspelt
 */
export function readManifest(found: ApiObject, place: string, passOver: PassOver = refuseAll): Manifest | undefined {
  const { apiVersion, kind, object } = found;
  const read = READERS[`${apiVersion} ${kind}`];
  if (!read) {
    checkUnused(found, API_VERSIONS);
    return undefined;
  }
  checkKeys(kind, new Field(kind, object), passOver);
  return read(object, place, passOver);
}

/** The unique key of an object in a cluster: kind, namespace and name. */
export function keyOf({ kind, namespace, name }: Pick<Manifest, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace}/${name}`;
}

/** The kinds whose controllers create pods in a cluster, but not here. */
const WITHOUT_PODS = new Set(['apps/v1 DaemonSet', 'batch/v1 Job', 'batch/v1 CronJob']);

export function lacksPods({ apiVersion, kind }: ApiObject): boolean {
  return WITHOUT_PODS.has(`${apiVersion} ${kind}`);
}

function workloadReaders(): Record<string, Reader> {
  const kinds = Object.entries(WORKLOAD_API_VERSIONS) as [WorkloadKind, string][];
  return Object.fromEntries(
    kinds.map(([kind, apiVersion]): [string, Reader] => [
      `${apiVersion} ${kind}`,
      (object, place, passOver) => readWorkloadManifest(kind, object, place, passOver),
    ]),
  );
}

function declaringReaders(): Record<string, Reader> {
  const readers = DECLARING_KINDS.map((kind): [DeclaringKind, Reader] => [
    kind,
    (object, place, passOver) => readDeclaring(kind, object, place, passOver),
  ]);
  return Object.fromEntries(
    readers.flatMap(([kind, read]) => apiVersionsOf(kind).map((version) => [`${version} ${kind}`, read])),
  );
}

function readDeclaring(kind: DeclaringKind, object: unknown, place: string, passOver: PassOver): DeclaringManifest {
  const record = DECLARED_OBJECTS[kind].convert(object, 'files', passOver);
  const field = new Field(kind, object);
  const names = { ...readLongNames(field), ...(isClusterWide(kind) && { namespace: '' }) };
  return { kind, ...names, labels: readLabels(field), place, record } as DeclaringManifest;
}

function readService(object: unknown, place: string, passOver: PassOver): ServiceManifest {
  const record = convertService(object, passOver);
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
    targetPorts: readEach(spec.get('ports').items(), readTargetPort, passOver),
    affinitySeconds: readEach([spec], readAffinity, passOver)[0] ?? 0,
    families: families.map((family) => family.oneOf(['IPv4', 'IPv6']) ?? family.wrong('IPv4 or IPv6')),
    dualStack:
      families.length > 1 ||
      (spec.get('ipFamilyPolicy').oneOf(['SingleStack', 'PreferDualStack', 'RequireDualStack']) ?? 'SingleStack') !==
        'SingleStack',
  };
}

/** Kubernetes' own default. */
const DEFAULT_AFFINITY_SECONDS = 10_800;

function readAffinity(spec: Field): number {
  if ((spec.get('sessionAffinity').oneOf(['None', 'ClientIP']) ?? 'None') === 'None') return 0;
  const seconds = spec.get('sessionAffinityConfig').get('clientIP').get('timeoutSeconds');
  if (!seconds.present) return DEFAULT_AFFINITY_SECONDS;
  return typeof seconds.value === 'number' && seconds.value > 0 ? seconds.value : seconds.wrong('seconds, from 1');
}

function readTargetPort(port: Field): TargetPort {
  const target = port.get('targetPort');
  return {
    name: (port.get('name').text() ?? '').toLowerCase(),
    protocol: readProtocol(port),
    target: typeof target.value === 'string' ? target.value : (target.present ? target : port.get('port')).port(),
  };
}

function readSlice(object: unknown, place: string, passOver: PassOver): SliceManifest {
  const slice = new Field('EndpointSlice', object);
  const record = convertEndpointSlice(object, undefined, passOver);
  const imported = convertImportedSlice(object, undefined, passOver);
  return { kind: 'EndpointSlice', ...readLongNames(slice), labels: readLabels(slice), place, record, imported };
}

function readImport(object: unknown, place: string, passOver: PassOver): ImportManifest {
  const record = convertServiceImport(object, passOver);
  const labels = readLabels(new Field('ServiceImport', object));
  return { kind: 'ServiceImport', ...namesOf(record), labels, place, record };
}

function readEndpoints(object: unknown, place: string, passOver: PassOver): EndpointsManifest {
  const endpoints = new Field('Endpoints', object);
  const records = convertEndpoints(object, passOver);
  return { kind: 'Endpoints', ...readLongNames(endpoints), labels: readLabels(endpoints), place, records };
}

function readPodManifest(object: unknown, place: string, passOver: PassOver): PodManifest {
  return { kind: 'Pod', ...readLongNames(new Field('Pod', object)), place, ...readPod(object, passOver) };
}

function readWorkloadManifest(kind: WorkloadKind, object: unknown, place: string, passOver: PassOver): Workload {
  return { kind, ...readLongNames(new Field(kind, object)), place, ...readWorkload(kind, object, passOver) };
}

function readNamespace(object: unknown, place: string): NamespaceManifest {
  const record = convertNamespace(object);
  const labels = readLabels(new Field('Namespace', object));
  return { kind: 'Namespace', namespace: '', name: record.name, labels, place, record };
}

function namesOf({ namespace, name }: { namespace: string; name: string }): { namespace: string; name: string } {
  return { namespace, name };
}
