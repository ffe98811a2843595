import type { Name } from '../dns/name.ts';

/*
 * Objects that declare host names outside of the cluster's zone, or the networks of the cluster. Names of hosts are folded, and may begin with a label `*`;
 * addresses and networks are canonical text; times are milliseconds since the Unix epoch, and 0 if the object does not say when it was created.
 */

/** Where an object leads to. */
export interface Targets {
  readonly addresses: readonly string[];
  readonly hostnames: readonly Name[];
}

export interface Ingress {
  readonly namespace: string;
  readonly name: string;
  readonly createdMs: number;
  /** Empty if it has none. */
  readonly className: string;
  readonly hosts: readonly Name[];
  readonly targets: Targets;
}

/** The kinds of routes that a listener may admit. */
export const ROUTE_KINDS = ['HTTPRoute', 'TLSRoute', 'GRPCRoute'] as const;
export type RouteKind = (typeof ROUTE_KINDS)[number];

export interface Listener {
  readonly name: string;
  readonly port: number;
  readonly hostname: Name | undefined;
  /** The kinds of routes that its protocol and its `allowedRoutes.kinds` admit. */
  readonly routes: readonly RouteKind[];
  /** From which namespaces it admits routes. `Selector` also stands for what is not known. */
  readonly from: 'All' | 'Same' | 'Selector' | 'None';
}

export interface Gateway {
  readonly namespace: string;
  readonly name: string;
  readonly className: string;
  readonly listeners: readonly Listener[];
  readonly targets: Targets;
}

/** A Gateway that a route names, and that accepts it. */
export interface Parent {
  readonly namespace: string;
  readonly name: string;
  readonly sectionName: string | undefined;
  readonly port: number | undefined;
}

/** An HTTPRoute, a TLSRoute or a GRPCRoute. */
export interface Route {
  readonly namespace: string;
  readonly name: string;
  readonly createdMs: number;
  /** Empty if the host names are those of the listeners. */
  readonly hostnames: readonly Name[];
  readonly parents: readonly Parent[];
}

/** A record of a DNSEndpoint: a resource record of class IN. */
export interface DeclaredRecord {
  readonly name: Name;
  readonly type: number;
  /** Seconds; undefined if the object leaves it to the server. */
  readonly ttl: number | undefined;
  /** Fields of the type, as in a `ResourceRecord`. */
  readonly data: object;
}

export interface DnsEndpoint {
  readonly namespace: string;
  readonly name: string;
  readonly createdMs: number;
  readonly records: readonly DeclaredRecord[];
}

export interface Node {
  /** Its labels become labels of a domain name. */
  readonly name: string;
  readonly internal: readonly string[];
  readonly external: readonly string[];
  /** The networks of its pods, in CIDR notation. */
  readonly podCidrs?: readonly string[];
  /** Set if a label says that it has no names. */
  readonly ignored?: true;
}

/** Networks of cluster IPs. */
export interface ServiceCidr {
  readonly name: string;
  /** In CIDR notation. */
  readonly cidrs: readonly string[];
}

/** What a Service declares beyond its name in the cluster. */
export interface ServiceDeclaration {
  readonly createdMs: number;
  /** The names in its annotations, without those that are not valid; undefined if it has no such annotation. */
  readonly hostnames: readonly Name[] | undefined;
  /** Of a Service of type LoadBalancer: spec.externalIPs, else what its status says. */
  readonly external: Targets;
  /** Whether its endpoints are its targets. */
  readonly resolveEndpoints: boolean;
  /** The Gateway, in the same namespace, that it is the entry of. */
  readonly gateway: string | undefined;
  /** Whether a label says that it has no names but those in the cluster. It may still be the entry of others. */
  readonly ignored: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** The kinds of objects that declare names or networks, besides Service. */
export interface DeclaredKinds {
  ingress: Ingress;
  gateway: Gateway;
  'http-route': Route;
  'tls-route': Route;
  'grpc-route': Route;
  'dns-endpoint': DnsEndpoint;
  node: Node;
  'service-cidr': ServiceCidr;
}

export type DeclaredKind = keyof DeclaredKinds;

export const DECLARED_KINDS = [
  'ingress',
  'gateway',
  'http-route',
  'tls-route',
  'grpc-route',
  'dns-endpoint',
  'node',
  'service-cidr',
] as const satisfies readonly DeclaredKind[];
