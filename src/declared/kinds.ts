import type { Name } from '../dns/name.ts';
import type { RecordKinds } from '../registry/change.ts';
import type { DeclaredKind, DnsEndpoint, Ingress, Node, Route } from '../registry/declared-records.ts';
import type { Service } from '../registry/records.ts';
import type { Selector } from '../registry/selector.ts';

/** The kinds of objects that declare names, in the order of precedence that holds without another one. */
export const KINDS = ['HTTPRoute', 'TLSRoute', 'GRPCRoute', 'Ingress', 'Service', 'DNSEndpoint', 'Node'] as const;
export type Kind = (typeof KINDS)[number];

/** The kinds of the registry's records. */
export const RECORD_KIND = {
  HTTPRoute: 'http-route',
  TLSRoute: 'tls-route',
  GRPCRoute: 'grpc-route',
  Ingress: 'ingress',
  Service: 'service',
  DNSEndpoint: 'dns-endpoint',
  Node: 'node',
} as const satisfies Record<Kind, DeclaredKind | 'service'>;

export const ADDRESS_TYPES = ['InternalIP', 'ExternalIP'] as const;

/** An object that declares names, with its kind. */
export type Declaration =
  | { readonly kind: 'HTTPRoute' | 'TLSRoute' | 'GRPCRoute'; readonly object: Route }
  | { readonly kind: 'Ingress'; readonly object: Ingress }
  | { readonly kind: 'Service'; readonly object: Service }
  | { readonly kind: 'DNSEndpoint'; readonly object: DnsEndpoint }
  | { readonly kind: 'Node'; readonly object: Node };

export interface ServiceKey {
  readonly namespace: string;
  readonly name: string;
}

/** The options that decide which names exist, and what they have. */
export interface NameOptions {
  /** Folded. */
  readonly zones: readonly Name[];
  /** Those that count, in the order of precedence. */
  readonly kinds: readonly Kind[];
  /** Empty for all. */
  readonly ingressClasses: readonly string[];
  /** Empty for all. */
  readonly gatewayClasses: readonly string[];
  /** A Service counts if one of them selects it; empty for all. */
  readonly serviceSelectors: readonly Selector[];
  /** The namespaces whose objects count; empty for all. */
  readonly namespaces: readonly string[];
  readonly nodeAddressType: (typeof ADDRESS_TYPES)[number];
  /** Whether some clients get addresses inside the cluster. */
  readonly inside: boolean;
  /** The Services behind classes of Ingresses and Gateways. */
  readonly entries: readonly (ServiceKey & { readonly className: string })[];
  /** The name servers of the zones, below which their names are: `dns1.kube-system`. */
  readonly servers: readonly string[];
}

/** The kinds of records that must be complete before a negative reply. */
export function neededKinds({ kinds, inside, entries }: NameOptions): readonly (keyof RecordKinds)[] {
  const needed = new Set<keyof RecordKinds>(kinds.map((kind) => RECORD_KIND[kind]));
  if (kinds.some((kind) => kind.endsWith('Route'))) needed.add('gateway');
  if (inside || entries.length > 0) needed.add('service');
  if (needed.has('service')) needed.add('slice');
  return [...needed];
}

/** The kinds of records that answers are made from: name servers have the addresses of their Services, as far as these are known. */
export function usedKinds(options: NameOptions): readonly (keyof RecordKinds)[] {
  return [...new Set([...neededKinds(options), 'service' as const])];
}
