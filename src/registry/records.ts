import type { ServiceDeclaration } from './declared-records.ts';

/** The records of a cluster, with only the fields that DNS needs (Kubernetes DNS specification 1.1.0). A record never changes; it is replaced. */

/** The port number of a service or slice without ports: it has addresses, but no SRV records. */
export const NO_PORT = -1;

export interface Port {
  /** Empty for an unnamed port; lower case. */
  readonly name: string;
  /** `tcp`, `udp` or `sctp`. */
  readonly protocol: string;
  /** 1 to 65535, or {@link NO_PORT}. */
  readonly port: number;
}

export interface Service {
  readonly namespace: string;
  readonly name: string;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  readonly headless: boolean;
  /** Canonical text; empty for headless and ExternalName services. */
  readonly clusterIPs: readonly string[];
  /** As written in the object; empty for other types than ExternalName. */
  readonly externalName: string;
  /** A service without ports has one {@link NO_PORT}, so only a service of the cluster set may have none. */
  readonly ports: readonly Port[];
  /** spec.externalIPs and the load balancer's addresses or host names. */
  readonly externalIPs: readonly string[];
  /** What only names outside of the cluster's zone depend on; most services have nothing of it. */
  readonly declares?: ServiceDeclaration;
}

/**
 * One address of a ready endpoint of a slice. There may be very many, so sources leave out fields that are not needed, or that an endpoint does not
 * have.
 */
export interface Endpoint {
  /** Canonical text. */
  readonly address: string;
  readonly hostname?: string | undefined;
  /** The pod behind the endpoint, if its name fits into a label. */
  readonly podName?: string | undefined;
  /** The topology zone, in lower case. */
  readonly zone?: string | undefined;
}

export interface EndpointSlice {
  readonly namespace: string;
  readonly name: string;
  /** The service that the slice belongs to, by its `kubernetes.io/service-name` label. */
  readonly service: string;
  /** In a slice of the cluster set: the id of the cluster that its endpoints are in. */
  readonly cluster?: string;
  /** Never empty: a slice without ports has one {@link NO_PORT}. */
  readonly ports: readonly Port[];
  /** Ready endpoints only, one for each of their addresses. */
  readonly endpoints: readonly Endpoint[];
  /** Endpoints that are not ready, since they are about to end, and that still serve. Kept only if a reader asks for them; undefined for none. */
  readonly terminating?: readonly Endpoint[];
}

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  /** Canonical text, all families. */
  readonly ips: readonly string[];
  readonly hostNetwork: boolean;
  /** When its node started the pod, on the wall clock; undefined for a pod without a node. */
  readonly startedMs?: number;
  /** No reply depends on them. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Namespace {
  readonly name: string;
  /** Undefined if they are not known, since this server may not read it. Only which pods see its names depends on them. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Whether two records are equal: plain data, compared deeply; an absent field equals an undefined one. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!isSame(left[key], right[key])) return false;
  for (const key in right) if (right[key] !== undefined && left[key] === undefined) return false;
  return true;
}
