import { foldName, isAtOrBelow, joinName, MAX_NAME_OCTETS, type Name, parentOf, wireLength } from '../dns/name.ts';
import { A, AAAA, CNAME, DNAME, DS, MX, NS, QType, type ResourceRecord, rr, SRV } from '../dns/rr.ts';
import { rrsetOf, type Zone, type ZoneNode } from './zone.ts';

/** A chain of CNAME records is followed this far. */
export const MAX_LINKS = 8;

/** What a zone says about a question; `answer` begins with the CNAME and DNAME records on the way. */
export type ZoneLookup =
  | { readonly kind: 'hit'; readonly answer: readonly ResourceRecord[] }
  /** The name exists, the type does not; `isEmpty` if the name has no records at all. */
  | { readonly kind: 'nodata'; readonly answer: readonly ResourceRecord[]; readonly isEmpty: boolean }
  | { readonly kind: 'nxdomain'; readonly answer: readonly ResourceRecord[] }
  /** Other servers have the name: those of the NS records at `cut`. */
  | { readonly kind: 'referral'; readonly answer: readonly ResourceRecord[]; readonly cut: Name }
  /** The chain leaves the zone towards `target`. */
  | { readonly kind: 'outside'; readonly answer: readonly ResourceRecord[]; readonly target: Name }
  /** The chain has more than {@link MAX_LINKS} links, most likely because it turns in a circle. */
  | { readonly kind: 'endless' }
  /** The name that a DNAME record makes is too long (RFC 6672 §2.2). */
  | { readonly kind: 'too-long'; readonly answer: readonly ResourceRecord[] };

type Step = ZoneLookup | { readonly kind: 'alias'; readonly answer: readonly ResourceRecord[]; readonly target: Name };

/**
 * Looks a (folded) name of the zone up (RFC 1034 §4.3.2).
 *
 * @param owner the same name, as the records of the answer shall spell it.
 */
export function lookUpInZone(zone: Zone, name: Name, type: number, owner: Name): ZoneLookup {
  let step = find(zone, name, type, owner);
  if (step.kind !== 'alias') return step;
  const links: ResourceRecord[] = [];
  for (let link = 0; link < MAX_LINKS; link++) {
    links.push(...step.answer);
    const { target }: { target: Name } = step;
    const folded = foldName(target);
    if (!isAtOrBelow(folded, zone.origin)) return { kind: 'outside', answer: links, target };
    step = find(zone, folded, type, target);
    if (step.kind === 'endless') return step;
    if (step.kind !== 'alias') return { ...step, answer: [...links, ...step.answer] };
  }
  return { kind: 'endless' };
}

function find(zone: Zone, name: Name, type: number, owner: Name): Step {
  const cut = zone.cuts.size > 0 ? highestCut(zone, name, type) : undefined;
  if (cut !== undefined) {
    const dname = rrsetOf(zone.nodes.get(cut), DNAME.code);
    return dname ? redirect(dname[0]!, name, owner, cut) : { kind: 'referral', answer: [], cut };
  }
  const node = zone.nodes.get(name);
  if (node) return readNode(node, type, owner);
  // RFC 4592 §3.3.1: only the wildcard right below the closest name that exists covers the name.
  const wildcard = zone.nodes.get(joinName(['*'], closestEncloser(zone, name)));
  return wildcard ? readNode(wildcard, type, owner) : NXDOMAIN;
}

const NXDOMAIN: Step = { kind: 'nxdomain', answer: [] };

/**
 * The name nearest to the apex, at or above the name, where the zone ends. A DNAME record redirects only what is below it; a DS
 * record is on the upper side of a delegation (RFC 4035 §3.1.4.1).
 */
function highestCut(zone: Zone, name: Name, type: number): Name | undefined {
  let highest: Name | undefined;
  for (let at: Name | undefined = name; at !== undefined && at.length >= zone.origin.length; at = parentOf(at)) {
    if (zone.cuts.has(at) && (at !== name || (type !== DS.code && isDelegation(zone, at)))) highest = at;
  }
  return highest;
}

function isDelegation({ nodes, origin }: Zone, name: Name): boolean {
  return name !== origin && rrsetOf(nodes.get(name), NS.code) !== undefined;
}

function closestEncloser({ nodes, origin }: Zone, name: Name): Name {
  for (let at = parentOf(name); at !== undefined; at = parentOf(at)) if (nodes.has(at)) return at;
  return origin;
}

function readNode(node: ZoneNode, type: number, owner: Name): Step {
  if (type === QType.ANY && node.length > 0) {
    return { kind: 'hit', answer: node.flatMap((rrset) => spelled(rrset, owner)) };
  }
  const rrset = rrsetOf(node, type);
  if (rrset) return { kind: 'hit', answer: spelled(rrset, owner) };
  const [alias] = rrsetOf(node, CNAME.code) ?? [];
  if (!alias) return { kind: 'nodata', answer: [], isEmpty: node.length === 0 };
  return { kind: 'alias', answer: spelled([alias], owner), target: (alias.data as { target: Name }).target };
}

/** The records under the name that was asked for: a wildcard's too (RFC 4592 §3.3.1), and in the client's spelling. */
function spelled(records: readonly ResourceRecord[], name: Name): readonly ResourceRecord[] {
  return records[0]!.name === name ? records : records.map((record) => ({ ...record, name }));
}

/** RFC 6672 §3.1: the DNAME record, and the CNAME record that follows from it. */
function redirect(dname: ResourceRecord, name: Name, owner: Name, cut: Name): Step {
  const { target } = dname.data as { target: Name };
  const labels = owner.slice(0, name.length - cut.length);
  const made = target === '.' ? labels : labels + target;
  if (wireLength(made) > MAX_NAME_OCTETS) return { kind: 'too-long', answer: [dname] };
  return { kind: 'alias', answer: [dname, rr(CNAME, owner, dname.ttl, { target: made })], target: made };
}

/** The addresses in the zone of the hosts that the records name, glue below delegations too (RFC 1034 §4.3.2 step 6). */
export function addressesOfTargets(zone: Zone, records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  const found: ResourceRecord[] = [];
  const seen = new Set<Name>();
  for (const record of records) {
    const target = targetOf(record);
    const node = target === undefined || seen.has(target) ? undefined : zone.nodes.get(target);
    if (!node) continue;
    seen.add(target!);
    found.push(...(rrsetOf(node, A.code) ?? []), ...(rrsetOf(node, AAAA.code) ?? []));
  }
  return found;
}

/** The (folded) host that clients of the record will ask for next. */
function targetOf({ type, data }: ResourceRecord): Name | undefined {
  const { target, exchange } = data as { target?: Name; exchange?: Name };
  if (type === MX.code) return exchange && foldName(exchange);
  return (type === NS.code || type === SRV.code) && target ? foldName(target) : undefined;
}
