import { listed } from '../../base/listed.ts';
import { didYouMean } from '../../base/suggest.ts';
import { type Claim, nameOf } from '../../declared/claims.ts';
import type { DeclaredNames } from '../../declared/declared-names.ts';
import type { Kind, NameOptions } from '../../declared/kinds.ts';
import type { Destination, EntryPoint } from '../../declared/targets.ts';
import { longestZone, type Name } from '../../dns/name.ts';
import { printType } from '../../dns/rr.ts';
import type { Query } from '../../plugin/query.ts';
import type { HandlerSettings } from './handler.ts';
import { whyLeftOut } from './left-out.ts';

/** More names without an address than this are counted, not listed. */
const MAX_UNREACHED = 6;

/** Explains which object answers for the name of a query, what others claim it, and where inside clients are led. */
export function explainName(
  query: Query,
  { names, zones, apex, clients }: HandlerSettings,
  options: NameOptions,
): string | undefined {
  const zone = longestZone(query.name, zones);
  if (zone === undefined) return undefined;
  const unknown = `the cluster is not known yet: ${names.registry.syncError}`;
  if (names.pending) return unknown;
  if (apex.servers.some((server) => query.name === `${server}.${zone === '.' ? '' : zone}`)) {
    return 'a name server of the zone';
  }
  const found = names.find(query.name, zone);
  if (!names.synced && (found === undefined || found.kind === 'parent')) return unknown;
  if (found === undefined)
    return whyLeftOut(query.name, { registry: names.registry, options }) ?? nobody(query.name, names);
  if (found.kind === 'parent') return query.name === zone ? 'the zone itself' : 'names below this one exist';
  const { claims, source } = found;
  if (found.kind === 'delegated') return `${listed(claims.map(titleOf))} delegates ${source} to other servers`;
  const side = clients.sideOf(query);
  const { claim, destination } = names.answer(claims, source, side);
  const losers = names.losers(claims, source, side);
  return [
    `${titleOf(claim)}${source === query.name ? '' : ` with ${source}`}: ${whereTo(destination, claim)}`,
    ...(clients.sides.includes('inside') ? names.entryPoints(claim, source).map(explainEntry) : []),
    ...(losers.length > 0 ? [`also claimed, with other targets, by ${listed(losers.map(titleOf))}`] : []),
  ].join('; ');
}

/** The names of objects without an address for any client, with what is missing; more than a few are counted. */
export function unreached({ names, clients }: Pick<HandlerSettings, 'names' | 'clients'>): readonly string[] {
  const lines = names.claimed().flatMap(({ source, claims }) => {
    const answers = clients.sides.map((side) => names.answer(claims, source, side));
    if (answers.some(({ destination }) => destination.kind !== 'nothing')) return [];
    return `${source} of ${titleOf(claims[0]!)} has ${whereTo(NOWHERE, claims[0]!)}`;
  });
  const rest = lines.length - MAX_UNREACHED;
  return rest > 0 ? [...lines.slice(0, MAX_UNREACHED), `and ${rest} more names have no address yet`] : lines;
}

const NOWHERE: Destination = { kind: 'nothing' };

function nobody(name: Name, names: DeclaredNames): string {
  const known = names.claimed().map(({ source }) => source);
  return `no object declares this name${didYouMean(name, known)}`;
}

function explainEntry({ point, entry }: EntryPoint): string {
  if (!entry.service) return `${point} has no entry inside the cluster: ${entry.why}`;
  const { namespace, name } = entry.service;
  return `inside clients reach ${point} at Service ${namespace}/${name}, ${FOUND_BY[entry.found]}`;
}

const FOUND_BY = {
  option: "which 'entry' names",
  label: 'which belongs to the Gateway',
  address: 'which has its address',
} as const;

/** `Ingress NAMESPACE/NAME (class CLASS)`. */
function titleOf(claim: Claim): string {
  const { kind, object } = claim;
  const className = kind === 'Ingress' && object.className !== '' ? ` (class ${object.className})` : '';
  return `${kind} ${nameOf(claim)}${className}`;
}

function whereTo(destination: Destination, { kind }: Claim): string {
  switch (destination.kind) {
    case 'addresses':
      return listed(destination.addresses);
    case 'alias':
      return `another name for ${destination.target}`;
    case 'records':
      return `records of type ${listed(destination.records.map(({ type }) => printType(type)))}`;
    case 'nothing':
      return `no address yet: ${MISSING[kind]}`;
  }
}

/** What says the addresses of a kind of objects. */
const MISSING: Readonly<Record<Kind, string>> = {
  Ingress:
    "its status.loadBalancer.ingress is empty: its controller, or its manifest, must say the address; behind a NodePort Service, add 'entry CLASS NAMESPACE/SERVICE' and the kind Node",
  HTTPRoute: 'the status.addresses of its Gateways are empty: their controller, or their manifests, must say them',
  TLSRoute: 'the status.addresses of its Gateways are empty: their controller, or their manifests, must say them',
  GRPCRoute: 'the status.addresses of its Gateways are empty: their controller, or their manifests, must say them',
  Service: 'it has no externalIPs, and its status.loadBalancer.ingress is empty',
  DNSEndpoint: 'its records are not valid',
  Node: 'it has no address of the type that nodeAddressType asks for',
};
