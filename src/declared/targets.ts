import { perObject } from '../base/per-object.ts';
import type { Name } from '../dns/name.ts';
import { CNAME } from '../dns/rr.ts';
import type {
  DeclaredRecord,
  DnsEndpoint,
  Gateway,
  Ingress,
  Node,
  Route,
  Targets,
} from '../registry/declared-records.ts';
import type { EndpointSlice, Service } from '../registry/records.ts';
import { type Claim, type ClaimEnv, gatewaysOf, nameOf } from './claims.ts';
import type { Entries, Entry } from './entry.ts';
import type { NameOptions } from './kinds.ts';

/** Which clients an answer is for: those inside the cluster, or all others. */
export type Side = 'inside' | 'outside';

/** What clients get for a name. */
export type Destination =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  /** Another name, with its addresses. */
  | { readonly kind: 'alias'; readonly target: Name }
  | { readonly kind: 'records'; readonly records: readonly DeclaredRecord[] }
  /** No address is known yet. */
  | { readonly kind: 'nothing' };

export interface Answer {
  /** The claim that answers. */
  readonly claim: Claim;
  readonly destination: Destination;
}

export interface AnswerEnv extends ClaimEnv {
  readonly entries: Entries;
  /** The addresses of all nodes. */
  nodeAddresses(): readonly string[];
}

const NOTHING: Destination = { kind: 'nothing' };

/** What the claims (at least one) of the name `source` have for a side. The first claim that leads anywhere answers. */
export function answerOf(claims: readonly Claim[], source: Name, side: Side, env: AnswerEnv): Answer {
  for (const claim of claims) {
    const destination = destinationOf(claim, source, side, env);
    if (destination.kind === 'records') {
      // Records of one name may be in several objects.
      const objects = claims.flatMap((each) => (each.kind === 'DNSEndpoint' ? each.object : []));
      return { claim, destination: objects.length === 1 ? destination : mergeRecords(objects, source) };
    }
    if (destination.kind !== 'nothing') return { claim, destination };
  }
  return { claim: claims[0]!, destination: NOTHING };
}

/** An entry point of a claim, and the Service behind it. */
export interface EntryPoint {
  /** `Ingress NAMESPACE/NAME`. */
  readonly point: string;
  readonly entry: Entry;
}

/** The entry points that a claim of the name `source` leads to. */
export function entryPointsOf(claim: Claim, source: Name, env: AnswerEnv): readonly EntryPoint[] {
  const { kind, object } = claim;
  if (kind === 'Ingress') return [{ point: `Ingress ${nameOf(claim)}`, entry: env.entries.ofIngress(object) }];
  if (!('parents' in object)) return [];
  return servingGateways(claim as RouteClaim, source, env).map((gateway) => ({
    point: `Gateway ${gateway.namespace}/${gateway.name}`,
    entry: env.entries.ofGateway(gateway),
  }));
}

/** The claims that lead elsewhere than the answer. */
export function losersOf(claims: readonly Claim[], source: Name, side: Side, env: AnswerEnv): readonly Claim[] {
  if (claims.length < 2) return [];
  const answer = answerOf(claims, source, side, env);
  const shown = new Set(shownOf(answer.destination));
  return claims.filter((claim) => {
    if (claim === answer.claim) return false;
    const destination = destinationOf(claim, source, side, env);
    const own = shownOf(destination);
    const isMerged = destination.kind === 'records' && own.every((each) => shown.has(each));
    return (
      destination.kind !== 'nothing' && !isMerged && (own.length !== shown.size || own.some((each) => !shown.has(each)))
    );
  });
}

function shownOf(destination: Destination): readonly unknown[] {
  switch (destination.kind) {
    case 'addresses':
      return [...new Set(destination.addresses)];
    case 'alias':
      return [destination.target];
    case 'records':
      return destination.records;
    case 'nothing':
      return [];
  }
}

function destinationOf(claim: Claim, source: Name, side: Side, env: AnswerEnv): Destination {
  const { kind, object } = claim;
  switch (kind) {
    case 'Ingress':
      return ofIngress(object, side, env);
    case 'Service':
      return ofService(object, side, env);
    case 'DNSEndpoint':
      return recordsAt(object, source);
    case 'Node':
      return ofAddresses(addressesOfNode(object, env.options));
    default:
      return ofRoute(claim, source, side, env);
  }
}

function ofIngress(ingress: Ingress, side: Side, env: AnswerEnv): Destination {
  const inner = side === 'inside' ? addressesOfEntry(env.entries.ofIngress(ingress), env) : [];
  if (inner.length > 0) return ofAddresses(inner);
  const own = ofTargets(ingress.targets);
  return own.kind === 'nothing' ? ofAddresses(addressesOfNodes(ingress, env)) : own;
}

/** The nodes, if the Service that `entry` names for the class is reached at ports of the nodes only. */
function addressesOfNodes({ className }: Ingress, { options, entries, nodeAddresses }: AnswerEnv): readonly string[] {
  if (!options.kinds.includes('Node') || entries.ofClass(className)?.service.type !== 'NodePort') return [];
  return nodeAddresses();
}

export function addressesOfNode(
  { internal, external, ignored }: Node,
  { nodeAddressType }: NameOptions,
): readonly string[] {
  if (ignored) return [];
  return nodeAddressType === 'ExternalIP' ? external : internal;
}

type RouteClaim = Extract<Claim, { readonly object: Route }>;

function servingGateways({ kind, object }: RouteClaim, source: Name, env: AnswerEnv): readonly Gateway[] {
  const serving = gatewaysOf(object, env).filter(({ hosts }) => hosts(kind).includes(source));
  return [...new Set(serving.map(({ gateway }) => gateway))];
}

function ofRoute(claim: RouteClaim, source: Name, side: Side, env: AnswerEnv): Destination {
  const targets = servingGateways(claim, source, env).map((gateway): Targets => {
    const inner = side === 'inside' ? addressesOfEntry(env.entries.ofGateway(gateway), env) : [];
    return inner.length > 0 ? { addresses: inner, hostnames: [] } : gateway.targets;
  });
  return ofTargets({
    addresses: targets.flatMap(({ addresses }) => addresses),
    hostnames: targets.flatMap(({ hostnames }) => hostnames),
  });
}

function ofService(service: Service, side: Side, env: AnswerEnv): Destination {
  const { resolveEndpoints, external } = service.declares!;
  if (resolveEndpoints) return ofAddresses(endpointsOf(service, env));
  const inner = side === 'inside' ? addressesInside(service, env) : [];
  return inner.length > 0 ? ofAddresses(inner) : ofTargets(external);
}

function addressesOfEntry({ service }: Entry, env: AnswerEnv): readonly string[] {
  return service ? addressesInside(service, env) : [];
}

function addressesInside(service: Service, env: AnswerEnv): readonly string[] {
  return service.headless ? endpointsOf(service, env) : service.clusterIPs;
}

function endpointsOf({ namespace, name }: Service, { registry }: AnswerEnv): readonly string[] {
  const slices = registry.slicesOf(namespace, name);
  return slices.length === 0 ? [] : addressesOfSlices(slices);
}

/** Kept for each list, as it may be very long. */
const addressesOfSlices = perObject((slices: readonly EndpointSlice[]) => [
  ...new Set(slices.flatMap(({ endpoints }) => endpoints.map(({ address }) => address))),
]);

function ofTargets({ addresses, hostnames }: Targets): Destination {
  if (addresses.length > 0) return ofAddresses(addresses);
  return hostnames.length === 0 ? NOTHING : { kind: 'alias', target: [...hostnames].sort()[0]! };
}

function ofAddresses(addresses: readonly string[]): Destination {
  return addresses.length === 0 ? NOTHING : { kind: 'addresses', addresses };
}

function recordsAt(endpoint: DnsEndpoint, source: Name): Destination {
  const records = withoutCrowd(byName(endpoint).get(source) ?? []);
  return records.length === 0 ? NOTHING : { kind: 'records', records };
}

/** Kept for each object, as it may have very many records. */
const byName = perObject(({ records }: DnsEndpoint) => Map.groupBy(records, ({ name }) => name));

/** The records of a name in several objects: of each type those of the first object that has it. */
function mergeRecords(objects: readonly DnsEndpoint[], source: Name): Destination {
  const ownerOf = new Map<number, DnsEndpoint>();
  const merged = objects.flatMap((object) => {
    const own = byName(object).get(source) ?? [];
    for (const { type } of own) if (!ownerOf.has(type)) ownerOf.set(type, object);
    return own.filter(({ type }) => ownerOf.get(type) === object);
  });
  return { kind: 'records', records: withoutCrowd(merged) };
}

/** A name with a CNAME record has no other records, and only one (RFC 1034 §3.6.2): the type that comes first counts. */
function withoutCrowd(records: readonly DeclaredRecord[]): readonly DeclaredRecord[] {
  if (!records.some(({ type }) => type === CNAME.code)) return records;
  if (records[0]!.type !== CNAME.code) return records.filter(({ type }) => type !== CNAME.code);
  const target = ({ data }: DeclaredRecord) => (data as { target: Name }).target;
  const aliases = records.filter(({ type }) => type === CNAME.code);
  return [aliases.reduce((first, each) => (target(each) < target(first) ? each : first))];
}
