import { canonicalKey, type Name } from '../dns/name.ts';
import { isOfType, NSEC, type ResourceRecord, RRSIG } from '../dns/rr.ts';
import { rrsetOf, type Zone, type ZoneNode } from './zone.ts';

/** The signatures over the records of a type at a node (RFC 4035 §3.1.1). */
export function signaturesOf(node: ZoneNode | undefined, type: number): readonly ResourceRecord[] {
  return (rrsetOf(node, RRSIG.code) ?? []).filter((record) => isOfType(record, RRSIG) && record.data.covered === type);
}

/** The records of a type at a node, and the signatures over them. */
export function signedRRset(node: ZoneNode | undefined, type: number): readonly ResourceRecord[] {
  const rrset = rrsetOf(node, type);
  return rrset ? [...rrset, ...signaturesOf(node, type)] : [];
}

/**
 * The signed NSEC record for a (folded) name: that of the name itself, or of the last name before it (RFC 4035 §3.1.3). Empty if the zone has none.
 */
function denialOf({ denials, nodes }: Zone, name: Name): readonly ResourceRecord[] {
  const key = canonicalKey(name);
  let [from, to] = [0, denials.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (denials[middle]!.key <= key) from = middle + 1;
    else to = middle;
  }
  const denial = denials[from - 1];
  return denial ? signedRRset(nodes.get(denial.name), NSEC.code) : [];
}

/** The NSEC records for several names, without duplicates. */
export function denialsOf(zone: Zone, ...names: readonly Name[]): readonly ResourceRecord[] {
  return [...new Set(names.flatMap((name) => denialOf(zone, name)))];
}
