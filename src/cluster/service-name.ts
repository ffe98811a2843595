import { labelsOf, type Name, ROOT } from '../dns/name.ts';

/** The meaning of a name below a zone of the cluster, from its labels alone (Kubernetes DNS specification §2). */
export type ServiceName =
  | { readonly kind: 'apex' }
  /** `svc.Z`, `pod.Z`, `dns.Z`: no records, but names below it. */
  | { readonly kind: 'parent' }
  /** `dns-version.Z` */
  | { readonly kind: 'version' }
  /** `ns.dns.Z` */
  | { readonly kind: 'nameserver' }
  /** `ns.svc.Z`, `ns.pod.Z` */
  | { readonly kind: 'namespace'; readonly tree: 'svc' | 'pod'; readonly namespace: string }
  | { readonly kind: 'service'; readonly namespace: string; readonly service: string }
  | { readonly kind: 'endpoint'; readonly namespace: string; readonly service: string; readonly endpoint: string }
  /** An endpoint of a service of the cluster set, in the cluster that exports it. */
  | {
      readonly kind: 'imported-endpoint';
      readonly namespace: string;
      readonly service: string;
      readonly endpoint: string;
      readonly cluster: string;
    }
  /** `CLUSTER` of a service of the cluster set: no records. */
  | { readonly kind: 'exporter'; readonly namespace: string; readonly service: string; readonly cluster: string }
  /** `_port._protocol` of a service; an empty one stands for any. */
  | {
      readonly kind: 'port';
      readonly namespace: string;
      readonly service: string;
      readonly port: string;
      readonly protocol: string;
    }
  /** `ZONE.pin._zone` and `ZONE.prefer._zone` of a service: its endpoints in one topology zone. */
  | {
      readonly kind: 'zonal';
      readonly namespace: string;
      readonly service: string;
      readonly rule: 'pin' | 'prefer';
      readonly topologyZone: string;
    }
  /** `pin._zone`, `prefer._zone` and `_zone` of a service: no records. */
  | { readonly kind: 'zonal-parent'; readonly namespace: string; readonly service: string }
  | { readonly kind: 'pod'; readonly namespace: string; readonly pod: string }
  /** No object can have this name. */
  | { readonly kind: 'none' };

const APEX: ServiceName = { kind: 'apex' };
const PARENT: ServiceName = { kind: 'parent' };
const VERSION: ServiceName = { kind: 'version' };
const NAMESERVER: ServiceName = { kind: 'nameserver' };
const NONE: ServiceName = { kind: 'none' };

/** The labels of a (folded) name to the left of its zone. */
export function labelsBelow(name: Name, zone: Name): string[] {
  if (zone === ROOT) return labelsOf(name);
  return name.length === zone.length ? [] : labelsOf(name.slice(0, name.length - zone.length));
}

/**
 * The names that only some zones have: `zonal` adds `ZONE.pin._zone.SERVICE…` and similar names; `cluster-set` has `ENDPOINT.CLUSTER.SERVICE…`
 * instead of `ENDPOINT.SERVICE…`, and no pods.
 */
export type NameRules = 'plain' | 'zonal' | 'cluster-set';

/** Reads the (folded) labels to the left of the zone. */
export function parseServiceName(labels: readonly string[], rules: NameRules): ServiceName {
  const tree = labels.at(-1);
  if (tree === 'svc') return parseBelowSvc(labels, rules);
  if (tree === 'pod') return rules === 'cluster-set' ? NONE : parseBelowPod(labels);
  return parseServerName(labels) ?? NONE;
}

/** Reads the names that every zone has, also a reverse zone; undefined for other names. */
export function parseServerName(labels: readonly string[]): ServiceName | undefined {
  switch (labels.length) {
    case 0:
      return APEX;
    case 1:
      return labels[0] === 'dns-version' ? VERSION : labels[0] === 'dns' ? PARENT : undefined;
    case 2:
      return labels[0] === 'ns' && labels[1] === 'dns' ? NAMESERVER : undefined;
    default:
      return undefined;
  }
}

function parseBelowSvc(labels: readonly string[], rules: NameRules): ServiceName {
  const count = labels.length;
  if (count === 1) return PARENT;
  const namespace = labels[count - 2]!;
  if (count === 2) return { kind: 'namespace', tree: 'svc', namespace };
  const service = labels[count - 3]!;
  if (count === 3) return { kind: 'service', namespace, service };
  if (rules === 'zonal' && labels[count - 4] === '_zone') return parseZonal(labels, namespace, service);
  if (count > 5) return NONE;
  const [first = '', second = ''] = labels;
  const ofSet = rules === 'cluster-set';
  if (count === 4) {
    return ofSet
      ? { kind: 'exporter', namespace, service, cluster: first }
      : { kind: 'endpoint', namespace, service, endpoint: first };
  }
  if (ofSet && !first.startsWith('_') && !second.startsWith('_')) {
    return { kind: 'imported-endpoint', namespace, service, endpoint: first, cluster: second };
  }
  return { kind: 'port', namespace, service, port: withoutUnderscore(first), protocol: withoutUnderscore(second) };
}

function parseZonal(labels: readonly string[], namespace: string, service: string): ServiceName {
  const rule = labels.at(-5);
  if (rule === undefined) return { kind: 'zonal-parent', namespace, service };
  if (rule !== 'pin' && rule !== 'prefer') return NONE;
  if (labels.length === 5) return { kind: 'zonal-parent', namespace, service };
  // The name of a topology zone may hold dots, and so be several labels.
  return { kind: 'zonal', namespace, service, rule, topologyZone: labels.slice(0, -5).join('.') };
}

function parseBelowPod(labels: readonly string[]): ServiceName {
  switch (labels.length) {
    case 1:
      return PARENT;
    case 2:
      return { kind: 'namespace', tree: 'pod', namespace: labels[0]! };
    case 3:
      return { kind: 'pod', namespace: labels[1]!, pod: labels[0]! };
    default:
      return NONE;
  }
}

/** The label of a port or protocol begins with an underscore (RFC 2782), which may be missing. */
export function withoutUnderscore(label: string): string {
  return label.startsWith('_') ? label.slice(1) : label;
}
