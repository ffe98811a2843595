import { perObject } from '../base/per-object.ts';
import { isAtOrBelow, joinName, labelsOf, MAX_NAME_OCTETS, type Name, parseName, wireLength } from '../dns/name.ts';
import { NS } from '../dns/rr.ts';
import type { DnsEndpoint, Gateway, Route, RouteKind } from '../registry/declared-records.ts';
import type { Service } from '../registry/records.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';
import { selects } from '../registry/selector.ts';
import type { Declaration, NameOptions } from './kinds.ts';
import { servedHosts } from './listeners.ts';

/** An object and the different names that it has: those in the zones, and how many there are elsewhere. */
export type Claim = Declaration & { readonly names: readonly Name[]; readonly outside: number };

/** What the names of an object follow from, besides the object. */
export interface ClaimEnv {
  readonly options: NameOptions;
  readonly registry: ReadonlyRegistry;
}

/** The claim of an object; undefined if the options leave the object out. */
export function claimOf(declaration: Declaration, env: ClaimEnv): Claim | undefined {
  const { kind, object } = declaration;
  const { namespaces, zones } = env.options;
  if (kind !== 'Node' && namespaces.length > 0 && !namespaces.includes(object.namespace)) return undefined;
  const all = namesOf(declaration, env);
  if (all === undefined) return undefined;
  const different = new Set(all);
  const names = all.filter((name) => zones.some((zone) => isAtOrBelow(name, zone)) && different.delete(name));
  // Most objects have all their names in the zones, and then share the list.
  return { ...declaration, names: names.length === all.length ? all : names, outside: different.size };
}

function namesOf(declaration: Declaration, { options, registry }: ClaimEnv): readonly Name[] | undefined {
  const { kind, object } = declaration;
  switch (kind) {
    case 'Ingress': {
      const { ingressClasses } = options;
      return ingressClasses.length === 0 || ingressClasses.includes(object.className) ? object.hosts : undefined;
    }
    case 'HTTPRoute':
    case 'TLSRoute':
    case 'GRPCRoute':
      return gatewaysOf(object, { options, registry }).flatMap(({ hosts }) => hosts(kind));
    case 'Service':
      return namesOfService(object, options);
    case 'DNSEndpoint':
      return object.records.map(({ name }) => name);
    case 'Node':
      return object.ignored ? undefined : belowZones(object.name, options);
  }
}

/** The Gateways of a route, with the host names under which each serves it. */
export function gatewaysOf(
  route: Route,
  { options, registry }: ClaimEnv,
): { readonly gateway: Gateway; hosts(kind: RouteKind): readonly Name[] }[] {
  const { gatewayClasses } = options;
  return route.parents.flatMap((parent) => {
    const gateway = registry.declared.get('gateway', parent.namespace, parent.name);
    if (!gateway || (gatewayClasses.length > 0 && !gatewayClasses.includes(gateway.className))) return [];
    return [{ gateway, hosts: (kind: RouteKind) => servedHosts(kind, route, parent, gateway) }];
  });
}

function namesOfService(service: Service, options: NameOptions): readonly Name[] | undefined {
  const { declares, type, namespace, name } = service;
  if (!declares || declares.ignored || !isSelected(service, options)) return undefined;
  const isReached = type === 'LoadBalancer' || declares.resolveEndpoints;
  if (declares.hostnames) {
    const isInside = options.inside && type !== 'ExternalName';
    return isReached || isInside ? declares.hostnames : undefined;
  }
  return isReached ? belowZones(`${name}.${namespace}`, options) : undefined;
}

function isSelected({ declares }: Service, { serviceSelectors }: NameOptions): boolean {
  return serviceSelectors.length === 0 || serviceSelectors.some((selector) => selects(selector, declares!.labels));
}

/** The labels of a name under each zone. A name that is too long for a zone does not exist there. */
function belowZones(labels: string, { zones }: NameOptions): readonly Name[] {
  const relative = labelsOf(parseName(labels));
  return zones.map((zone) => joinName(relative, zone)).filter((name) => wireLength(name) <= MAX_NAME_OCTETS);
}

/** Whether the claim covers a name that has this number of labels before the parent of the wildcard. */
export function covers({ kind }: Claim, labels: number): boolean {
  // The host of an Ingress rule: its `*` stands for one label.
  return kind !== 'Ingress' || labels === 1;
}

/** Whether the claim delegates the name to other servers. */
export function delegates({ kind, object }: Claim, name: Name): boolean {
  return kind === 'DNSEndpoint' && delegatedBy(object).has(name);
}

/** Kept for each object, as it may have very many records. */
const delegatedBy = perObject(
  ({ records }: DnsEndpoint) => new Set(records.filter(({ type }) => type === NS.code).map(({ name }) => name)),
);

/** The order in which the claims of one name answer: by kind, then the oldest object first. */
export function comesBefore(a: Claim, b: Claim, { kinds }: NameOptions): boolean {
  if (a.kind !== b.kind) return kinds.indexOf(a.kind) < kinds.indexOf(b.kind);
  const [ageA, ageB] = [createdMs(a), createdMs(b)];
  return ageA === ageB ? nameOf(a) < nameOf(b) : ageA < ageB;
}

function createdMs(claim: Claim): number {
  if (claim.kind === 'Service') return claim.object.declares!.createdMs;
  return claim.kind === 'Node' ? 0 : claim.object.createdMs;
}

/** `NAMESPACE/NAME` of the object. */
export function nameOf({ kind, object }: Claim): string {
  return kind === 'Node' ? object.name : `${object.namespace}/${object.name}`;
}
