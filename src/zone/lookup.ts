import { foldName, isAtOrBelow, joinName, MAX_NAME_OCTETS, type Name, parentOf, wireLength } from '../dns/name.ts';
import { A, AAAA, CNAME, DNAME, DS, HTTPS, MX, NS, QType, type ResourceRecord, rr, SRV, SVCB } from '../dns/rr.ts';
import { denialsOf, signaturesOf, signedRRset } from './dnssec.ts';
import { type RRset, rrsetOf, type Zone, type ZoneNode } from './zone.ts';

/** The longest CNAME chain that is followed. */
export const MAX_CHAIN = 8;

/** The result of a lookup in a zone. */
export type ZoneLookup = Found &
  (
    | { readonly kind: 'hit' }
    /** The name exists, the type does not; `isEmpty` if the name has no records at all. */
    | { readonly kind: 'nodata'; readonly isEmpty: boolean }
    | { readonly kind: 'nxdomain' }
    /** The name is delegated to other servers: those of the NS records at `cut`. */
    | { readonly kind: 'referral'; readonly cut: Name }
    /** The CNAME chain leaves the zone; `target` is outside. */
    | { readonly kind: 'outside'; readonly target: Name }
    /** The CNAME chain has more than {@link MAX_CHAIN} records, most likely because it is a loop. */
    | { readonly kind: 'endless' }
    /** The name that a DNAME record makes is too long (RFC 6672 §2.2). */
    | { readonly kind: 'too-long' }
  );

interface Found {
  /** Begins with the CNAME and DNAME records of the chain. */
  readonly answer: readonly ResourceRecord[];
  /** The signed NSEC records that prove the result (RFC 4035 §3.1.3), for clients that ask for signatures. */
  readonly proof: readonly ResourceRecord[];
}

type Step = ZoneLookup | (Found & { readonly kind: 'alias'; readonly target: Name });

/** The parts of a question that a lookup needs. */
interface View {
  readonly zone: Zone;
  readonly type: number;
  /** Whether the client wants signatures and proofs, and the zone has them. */
  readonly dnssec: boolean;
}

/**
 * Looks a (folded) name of the zone up (RFC 1034 §4.3.2).
 *
 * @param owner the same name, in the letter case for the records of the answer.
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
  // RFC 4592 §3.3.1: only the wildcard directly below the closest existing name covers the name.
  const source = joinName(['*'], closestEncloser(zone, name));
  const wildcard = zone.nodes.get(source);
  if (wildcard) return readNode(view, wildcard, owner, [name, source]);
  return { kind: 'nxdomain', answer: [], proof: dnssec ? denialsOf(zone, name, source) : [] };
}

/**
 * The cut at or above the name that is nearest to the apex. A DNAME record redirects only names below it. DS records are on the parent side of a
 * delegation (RFC 4035 §3.1.4.1).
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
 * The result at a node.
 *
 * @param names the name in the question and, if the node is that of a wildcard, the wildcard.
 */
function readNode({ zone, type, dnssec }: View, node: ZoneNode, owner: Name, names: readonly [Name, Name?]): Step {
  const [name, wildcard] = names;
  // RFC 4035 §3.1.3.3: the answer of a wildcard needs the proof that the name itself does not exist.
  const proof = dnssec && wildcard !== undefined ? denialsOf(zone, name) : [];
  const read = (rrset: RRset) => {
    const signatures = dnssec ? signaturesOf(node, rrset[0]!.type) : [];
    return withOwner(signatures.length > 0 ? [...rrset, ...signatures] : rrset, owner);
  };
  if (type === QType.ANY && node.length > 0) {
    return { kind: 'hit', answer: node.flatMap((rrset) => withOwner(rrset, owner)), proof };
  }
  const rrset = rrsetOf(node, type);
  if (rrset) return { kind: 'hit', answer: read(rrset), proof };
  const alias = rrsetOf(node, CNAME.code);
  if (alias) return { kind: 'alias', answer: read(alias), proof, target: (alias[0]!.data as { target: Name }).target };
  const denials = dnssec ? denialsOf(zone, name, ...(wildcard === undefined ? [] : [wildcard])) : [];
  return { kind: 'nodata', answer: [], proof: denials, isEmpty: node.length === 0 };
}

/** The records with the name of the question as owner, in the client's letter case; also for a wildcard (RFC 4592 §3.3.1). */
function withOwner(records: readonly ResourceRecord[], name: Name): readonly ResourceRecord[] {
  return records[0]!.name === name ? records : records.map((record) => ({ ...record, name }));
}

/** RFC 6672 §3.1: the DNAME record, and the CNAME record that follows from it. */
function redirect({ zone, dnssec }: View, dname: ResourceRecord, name: Name, owner: Name, cut: Name): Step {
  const { target } = dname.data as { target: Name };
  const labels = owner.slice(0, name.length - cut.length);
  const made = target === '.' ? labels : labels + target;
  // RFC 6672 §5.3.1: the CNAME record is not signed, as it follows from the DNAME record.
  const answer = dnssec ? signedRRset(zone.nodes.get(cut), DNAME.code) : [dname];
  if (wireLength(made) > MAX_NAME_OCTETS) return { kind: 'too-long', answer, proof: [] };
  return {
    ...{ kind: 'alias', target: made, proof: [] },
    answer: [...answer, rr(CNAME, owner, dname.ttl, { target: made })],
  };
}

/** The addresses in the zone of the hosts in the records, including glue below delegations (RFC 1034 §4.3.2 step 6). */
export function addressesOfTargets(
  zone: Zone,
  records: readonly ResourceRecord[],
  signed: boolean,
): readonly ResourceRecord[] {
  const found: ResourceRecord[] = [];
  for (const host of hostsIn(zone, records)) {
    const node = zone.nodes.get(host);
    if (!node) continue;
    for (const { code } of [A, AAAA]) found.push(...(signed ? signedRRset(node, code) : (rrsetOf(node, code) ?? [])));
  }
  return found;
}

/** The different (folded) hosts in the records that are names of the zone, whether they exist or not. */
export function hostsIn(zone: Zone, records: readonly ResourceRecord[]): Iterable<Name> {
  const hosts = new Set<Name>();
  for (const record of records) {
    const target = targetOf(record);
    if (target !== undefined && isAtOrBelow(target, zone.origin)) hosts.add(target);
  }
  return hosts;
}

const NAMES_HOST = new Set([NS.code, SRV.code, SVCB.code, HTTPS.code]);

/** The (folded) host that clients of the record will ask for next. */
function targetOf({ name, type, data }: ResourceRecord): Name | undefined {
  const { target, exchange, priority } = data as { target?: Name; exchange?: Name; priority?: number };
  if (type === MX.code) return exchange && foldName(exchange);
  if (!NAMES_HOST.has(type) || target === undefined) return undefined;
  // RFC 9460 §2.5.2: the root means the owner, except if it means that there is no service.
  const isOwner = target === '.' && type !== NS.code && type !== SRV.code && priority !== 0;
  return foldName(isOwner ? name : target);
}
