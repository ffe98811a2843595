import type { DeclaredKind, DeclaredKinds, RouteKind } from '../../registry/declared-records.ts';
import { convertDnsEndpoint } from './dns-endpoint.ts';
import type { PassOver } from './field.ts';
import { convertGateway, GATEWAY_GROUP, type Origin } from './gateway.ts';
import { convertIngress } from './ingress.ts';
import { convertNode } from './node.ts';
import { convertRoute } from './route.ts';
import { convertServiceCidr } from './service-cidr.ts';

/** A kind of API object that declares names or networks. */
export interface DeclaredObject<K extends DeclaredKind = DeclaredKind> {
  readonly record: K;
  readonly group: string;
  readonly plural: string;
  /** The versions in which it may be read from an API server, the newest first. */
  readonly versions: readonly string[];
  /** The versions that only files have, with their groups. */
  readonly ofFiles: readonly string[];
  readonly namespaced: boolean;
  /** Whether an API server may lack it: a CustomResourceDefinition adds it, or a version of Kubernetes. */
  readonly isCustom: boolean;
  /** The version of Kubernetes that adds it. */
  readonly since?: string;
  /** Whether selectors of labels choose among the objects. A Gateway has no names itself. */
  readonly isSelected: boolean;
  /**
   * The record of an object; undefined for one that is to be ignored.
   *
   * @throws ObjectError
   */
  convert(object: unknown, origin: Origin, passOver: PassOver): DeclaredKinds[K] | undefined;
}

const COMMON = { ofFiles: [], namespaced: true, isCustom: true, isSelected: true } as const;
const OF_GATEWAYS = { ...COMMON, group: GATEWAY_GROUP } as const;

const routes = <K extends DeclaredKind & `${string}-route`>(
  record: K,
  kind: RouteKind,
  versions: readonly string[],
) => ({
  ...{ ...OF_GATEWAYS, record, plural: `${kind.toLowerCase()}s`, versions },
  convert: (object: unknown, origin: Origin, passOver: PassOver) => convertRoute(kind, object, origin, passOver),
});

/** The kinds of objects that declare names or networks, by the kind that they have in the API. */
export const DECLARED_OBJECTS = {
  Ingress: {
    ...{ ...COMMON, record: 'ingress', group: 'networking.k8s.io', plural: 'ingresses', versions: ['v1'] },
    ...{ ofFiles: ['networking.k8s.io/v1beta1', 'extensions/v1beta1'], isCustom: false },
    convert: (object, _, passOver) => convertIngress(object, passOver),
  } as DeclaredObject<'ingress'>,
  Gateway: {
    ...{ ...OF_GATEWAYS, record: 'gateway', plural: 'gateways', versions: ['v1', 'v1beta1', 'v1alpha2'] },
    isSelected: false,
    convert: convertGateway,
  } as DeclaredObject<'gateway'>,
  HTTPRoute: routes('http-route', 'HTTPRoute', ['v1', 'v1beta1', 'v1alpha2']) as DeclaredObject<'http-route'>,
  TLSRoute: routes('tls-route', 'TLSRoute', ['v1', 'v1alpha3', 'v1alpha2']) as DeclaredObject<'tls-route'>,
  GRPCRoute: routes('grpc-route', 'GRPCRoute', ['v1', 'v1alpha2']) as DeclaredObject<'grpc-route'>,
  DNSEndpoint: {
    ...{ ...COMMON, record: 'dns-endpoint', group: 'externaldns.k8s.io', plural: 'dnsendpoints' },
    versions: ['v1alpha1'],
    convert: (object, _, passOver) => convertDnsEndpoint(object, passOver),
  } as DeclaredObject<'dns-endpoint'>,
  Node: {
    ...{ ...COMMON, record: 'node', group: '', plural: 'nodes', versions: ['v1'], namespaced: false, isCustom: false },
    convert: (object, _, passOver) => convertNode(object, passOver),
  } as DeclaredObject<'node'>,
  ServiceCIDR: {
    ...{ ...COMMON, record: 'service-cidr', group: 'networking.k8s.io', plural: 'servicecidrs' },
    ...{ versions: ['v1', 'v1beta1'], ofFiles: ['networking.k8s.io/v1alpha1'], namespaced: false, isSelected: false },
    since: '1.33',
    convert: (object, _, passOver) => convertServiceCidr(object, passOver),
  } as DeclaredObject<'service-cidr'>,
} as const satisfies Readonly<Record<string, DeclaredObject>>;

export type DeclaringKind = keyof typeof DECLARED_OBJECTS;

export const DECLARING_KINDS = Object.keys(DECLARED_OBJECTS) as DeclaringKind[];

/** The API versions of a kind in files, the newest first. */
export function apiVersionsOf(kind: DeclaringKind): readonly [string, ...string[]] {
  const { group, versions, ofFiles }: DeclaredObject = DECLARED_OBJECTS[kind];
  const [newest = '', ...others] = versions.map((version) => (group === '' ? version : `${group}/${version}`));
  return [newest, ...others, ...ofFiles];
}

/** The names of the kinds of records, as in paths of the API. */
export const DECLARED_PLURALS = Object.fromEntries(
  Object.values<DeclaredObject>(DECLARED_OBJECTS).map(({ record, plural }) => [record, plural]),
) as Readonly<Record<DeclaredKind, string>>;
