import { foldName, isAtOrBelow, joinName, MAX_NAME_OCTETS, type Name, parentOf, wireLength } from '../dns/name.ts';
import { A, AAAA, CNAME, DNAME, DS, HTTPS, MX, NS, QType, type ResourceRecord, rr, SRV, SVCB } from '../dns/rr.ts';
import { denialsOf, signaturesOf, signedRRset } from './dnssec.ts';
import { type RRset, rrsetOf, type Zone, type ZoneNode } from './zone.ts';

/** A chain of CNAME records is followed this far. */
export const MAX_CHAIN = 8;

/** What a zone says about a question. */
export type ZoneLookup = Found &
  (
    | { readonly kind: 'hit' }
    /** The name exists, the type does not; `isEmpty` if the name has no records at all. */
    | { readonly kind: 'nodata'; readonly isEmpty: boolean }
    | { readonly kind: 'nxdomain' }
    /** Other servers have the name: those of the NS records at `cut`. */
    | { readonly kind: 'referral'; readonly cut: Name }
    /** The chain leaves the zone towards `target`. */
    | { readonly kind: 'outside'; readonly target: Name }
    /** The chain has more than {@link MAX_CHAIN} links, most likely because it turns in a circle. */
    | { readonly kind: 'endless' }
    /** The name that a DNAME record makes is too long (RFC 6672 §2.2). */
    | { readonly kind: 'too-long' }
  );

interface Found {
  /** It begins with the CNAME and DNAME records on the way. */
  readonly answer: readonly ResourceRecord[];
  /** The signed NSEC records which show that nothing else is there (RFC 4035 §3.1.3), for who asked for signatures. */
  readonly proof: readonly ResourceRecord[];
}

type Step = ZoneLookup | (Found & { readonly kind: 'alias'; readonly target: Name });

/** How a zone is looked into. */
interface View {
  readonly zone: Zone;
  readonly type: number;
  /** Whether signatures and proofs are wanted, and there are some. */
  readonly dnssec: boolean;
}

/**
 * Looks a (folded) name of the zone up (RFC 1034 §4.3.2).
 *
 * @param owner the same name, as the records of the answer shall spell it.
 * @param signed whether the client wants signatures (DO).
 */
export function lookUpInZone(zone: Zone, name: Name, type: number, owner: Name, signed = false): ZoneLookup {
  const view = { zone, type, dnssec: signed && zone.signedUntil !== undefined };
  let step = find(view, name, owner);
  if (step.kind !== 'alias') return step;
  const chain: ResourceRecord[] = [];
  const proof: ResourceRecord[] = [];
  for (let count = 0; count < MAX_CHAIN; count++) {
    chain.push(...step.answer);
    proof.push(...step.proof);
    const { target }: { target: Name } = step;
    const folded = foldName(target);
    if (!isAtOrBelow(folded, zone.origin)) return { kind: 'outside', answer: chain, proof, target };
    step = find(view, folded, target);
    if (step.kind !== 'alias') {
      return { ...step, answer: [...chain, ...step.answer], proof: [...new Set([...proof, ...step.proof])] };
    }
  }
  return { kind: 'endless', ...NOTHING };
}

const NOTHING: Found = { answer: [], proof: [] };

function find(view: View, name: Name, owner: Name): Step {
  const { zone, type, dnssec } = view;
  const cut = zone.cuts.size > 0 ? highestCut(zone, name, type) : undefined;
  if (cut !== undefined) {
    const dname = rrsetOf(zone.nodes.get(cut), DNAME.code);
    return dname ? redirect(view, dname[0]!, name, owner, cut) : { kind: 'referral', ...NOTHING, cut };
  }
  const node = zone.nodes.get(name);
  if (node) return readNode(view, node, owner, [name]);
  // RFC 4592 §3.3.1: only the wildcard right below the closest name that exists covers the name.
  const source = joinName(['*'], closestEncloser(zone, name));
  const wildcard = zone.nodes.get(source);
  if (wildcard) return readNode(view, wildcard, owner, [name, source]);
  return { kind: 'nxdomain', answer: [], proof: dnssec ? denialsOf(zone, name, source) : [] };
}

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

/**
 * What the question finds at a node.
 *
 * @param names the name that was asked for and, if the node is not its own, the wildcard that covers it.
 */
function readNode({ zone, type, dnssec }: View, node: ZoneNode, owner: Name, names: readonly [Name, Name?]): Step {
  const [name, wildcard] = names;
  // RFC 4035 §3.1.3.3: behind a wildcard, that the name itself does not exist.
  const proof = dnssec && wildcard !== undefined ? denialsOf(zone, name) : [];
  const read = (rrset: RRset) => {
    const signatures = dnssec ? signaturesOf(node, rrset[0]!.type) : [];
    return spelled(signatures.length > 0 ? [...rrset, ...signatures] : rrset, owner);
  };
  if (type === QType.ANY && node.length > 0) {
    return { kind: 'hit', answer: node.flatMap((rrset) => spelled(rrset, owner)), proof };
  }
  const rrset = rrsetOf(node, type);
  if (rrset) return { kind: 'hit', answer: read(rrset), proof };
  const alias = rrsetOf(node, CNAME.code);
  if (alias) return { kind: 'alias', answer: read(alias), proof, target: (alias[0]!.data as { target: Name }).target };
  const denials = dnssec ? denialsOf(zone, name, ...(wildcard === undefined ? [] : [wildcard])) : [];
  return { kind: 'nodata', answer: [], proof: denials, isEmpty: node.length === 0 };
}

/** The records under the name that was asked for: a wildcard's too (RFC 4592 §3.3.1), and in the client's spelling. */
function spelled(records: readonly ResourceRecord[], name: Name): readonly ResourceRecord[] {
  return records[0]!.name === name ? records : records.map((record) => ({ ...record, name }));
}

/** RFC 6672 §3.1: the DNAME record, and the CNAME record that follows from it. */
function redirect({ zone, dnssec }: View, dname: ResourceRecord, name: Name, owner: Name, cut: Name): Step {
  const { target } = dname.data as { target: Name };
  const labels = owner.slice(0, name.length - cut.length);
  const made = target === '.' ? labels : labels + target;
  // RFC 6672 §5.3.1: the CNAME record is not signed, the DNAME record says it all.
  const answer = dnssec ? signedRRset(zone.nodes.get(cut), DNAME.code) : [dname];
  if (wireLength(made) > MAX_NAME_OCTETS) return { kind: 'too-long', answer, proof: [] };
  return {
    ...{ kind: 'alias', target: made, proof: [] },
    answer: [...answer, rr(CNAME, owner, dname.ttl, { target: made })],
  };
}

/** The addresses in the zone of the hosts that the records name, glue below delegations too (RFC 1034 §4.3.2 step 6). */
export function addressesOfTargets(
  zone: Zone,
  records: readonly ResourceRecord[],
  signed: boolean,
): readonly ResourceRecord[] {
  const found: ResourceRecord[] = [];
  const seen = new Set<Name>();
  for (const record of records) {
    const target = targetOf(record);
    const node = target === undefined || seen.has(target) ? undefined : zone.nodes.get(target);
    if (!node) continue;
    seen.add(target!);
    for (const { code } of [A, AAAA]) found.push(...(signed ? signedRRset(node, code) : (rrsetOf(node, code) ?? [])));
  }
  return found;
}

const NAMES_HOST = new Set([NS.code, SRV.code, SVCB.code, HTTPS.code]);

/** The (folded) host that clients of the record will ask for next. */
function targetOf({ name, type, data }: ResourceRecord): Name | undefined {
  const { target, exchange, priority } = data as { target?: Name; exchange?: Name; priority?: number };
  if (type === MX.code) return exchange && foldName(exchange);
  if (!NAMES_HOST.has(type) || target === undefined) return undefined;
  // RFC 9460 §2.5.2: unless it says that there is no service, the root stands for the owner.
  const isOwner = target === '.' && type !== NS.code && type !== SRV.code && priority !== 0;
  return foldName(isOwner ? name : target);
}
