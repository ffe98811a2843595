import { perObject } from '../base/per-object.ts';
import { type Name, NameError, parseUnicodeName } from '../dns/name.ts';
import { NO_PORT, type Port } from '../registry/records.ts';

/** What an existing name has, for questions of any type. A name that does not exist has no contents. */
export type Contents =
  | { readonly kind: 'apex' }
  | { readonly kind: 'version' }
  | { readonly kind: 'nameserver' }
  /** The name has no records, but there are names below it; `always` if that does not depend on the cluster. */
  | { readonly kind: 'parent'; readonly always: boolean }
  | Backends
  | ({ readonly kind: 'pod' } & AddressesByFamily)
  /** An ExternalName service that names a host. */
  | { readonly kind: 'external'; readonly target: Name }
  /** An ExternalName service that names an address. */
  | ({ readonly kind: 'external-ip' } & AddressesByFamily)
  | { readonly kind: 'ptr'; readonly targets: readonly Name[] };

/** Different addresses, in canonical text. */
export interface AddressesByFamily {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
}

/** The cluster IPs or endpoints that a name of a service leads to, and their addresses. */
export interface Backends extends AddressesByFamily {
  readonly kind: 'service' | 'headless' | 'endpoint';
  readonly namespace: string;
  readonly service: string;
  readonly list: readonly Backend[];
}

export interface Backend {
  /** The label of the endpoint, in a cluster set followed by the label of its cluster. Empty for a cluster IP, which has the name of the service. */
  readonly label: string;
  /** Canonical text. */
  readonly address: string;
  readonly ports: readonly Port[];
  /** The topology zone, in lower case. */
  readonly zone?: string | undefined;
}

export const PARENT = { kind: 'parent', always: false } as const satisfies Contents;
export const ALWAYS_PARENT = { kind: 'parent', always: true } as const satisfies Contents;

/** Backends, with the values that are derived from their list. */
export function backendsOf(
  kind: Backends['kind'],
  { namespace, service }: { readonly namespace: string; readonly service: string },
  list: readonly Backend[],
): Backends {
  return { kind, namespace, service, list, ...byFamily(list.map(({ address }) => address)) };
}

/** The different addresses among these, by family. */
export function byFamily(addresses: readonly string[]): AddressesByFamily {
  const v4 = new Set<string>();
  const v6 = new Set<string>();
  for (const address of addresses) (address.includes(':') ? v6 : v4).add(address);
  return { v4: [...v4], v6: [...v6] };
}

/** Reads a host name from a field of an object; undefined if the text is not a name. */
export function hostName(text: string): Name | undefined {
  try {
    return parseUnicodeName(text);
  } catch (thrown) {
    if (thrown instanceof NameError) return undefined;
    throw thrown;
  }
}

/** The backends that have a port with this name and protocol, each with only such ports. Empty text stands for any. */
export function withPort(backends: Backends, name: string, protocol: string): Backends | undefined {
  const known = knownPorts(backends);
  const key = `${name} ${protocol}`;
  let found = known.get(key);
  if (!found) {
    found = findPort(backends, name, protocol);
    if (found) known.set(key, found);
  }
  return found;
}

/** Results of {@link withPort}, kept as long as the backends. Their number is limited by the number of ports. */
const knownPorts = perObject((_: Backends) => new Map<string, Backends>());

function findPort(backends: Backends, name: string, protocol: string): Backends | undefined {
  let ports: readonly Port[] = [];
  let matching: readonly Port[] = [];
  let isWhole = true;
  const list: Backend[] = [];
  for (const backend of backends.list) {
    if (backend.ports !== ports) {
      // All endpoints of a slice share their ports.
      ports = backend.ports;
      matching = ports.filter((port) => matches(port, name, protocol));
      if (matching.length < ports.length || ports.length === 0) isWhole = false;
    }
    if (matching.length > 0) list.push(matching.length === ports.length ? backend : { ...backend, ports: matching });
  }
  if (list.length === 0) return undefined;
  return isWhole ? backends : backendsOf(backends.kind, backends, list);
}

/** Whether any backend has a port with this protocol; empty text stands for any. */
export function hasProtocol(backends: Backends, protocol: string): boolean {
  const protocols = protocolsOf(backends);
  return protocol === '' ? protocols.size > 0 : protocols.has(protocol);
}

/** Kept for each list, since clients also ask for names that do not exist, and a service may have very many endpoints. */
const protocolsOf = perObject(({ list }: Backends): ReadonlySet<string> => {
  const protocols = new Set<string>();
  for (const { ports } of list) for (const { port, protocol } of ports) if (port !== NO_PORT) protocols.add(protocol);
  return protocols;
});

function matches(port: Port, name: string, protocol: string): boolean {
  if (port.port === NO_PORT) return false;
  return (name === '' || port.name === name) && (protocol === '' || port.protocol === protocol);
}
