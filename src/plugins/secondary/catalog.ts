import { CairnError } from '../../base/errors.ts';
import { foldName, isAtOrBelow, joinName, labelsOf, type Name } from '../../dns/name.ts';
import { isOfType, PTR, TXT } from '../../dns/rr.ts';
import { rrsetOf, type Zone } from '../../zone/zone.ts';

/** The most zones of a catalog; those beyond are left out. */
export const MAX_MEMBERS = 10_000;

/** A zone that a catalog names. */
export interface Member {
  /** Under which the catalog has it: another label means that it is to be copied anew (RFC 9432 §5.4). */
  readonly label: string;
  /** The catalog that the zone may move to (RFC 9432 §4.4.1). */
  readonly nextCatalog: Name | undefined;
}

/**
 * The zones that a catalog zone names, as far as they are at or below `accepted`; all if that is empty (RFC 9432 §4).
 *
 * @throws CairnError if the catalog is broken (RFC 9432 §5.1): then what it said before stays.
 */
export function membersOf(catalog: Zone, accepted: readonly Name[]): ReadonlyMap<Name, Member> {
  const { origin, nodes } = catalog;
  const versions = rrsetOf(nodes.get(joinName(['version'], origin)), TXT.code) ?? [];
  const [version] = versions;
  if (versions.length !== 1 || !isOfType(version!, TXT) || version.data.texts.join() !== '2') {
    throw new CairnError('CATALOG', `version.${origin} must have one TXT record with the version 2`);
  }
  const zones = joinName(['zones'], origin);
  const members = new Map<Name, Member>();
  for (const [name, node] of nodes) {
    if (!isAtOrBelow(name, zones) || labelsOf(name).length !== labelsOf(zones).length + 1) continue;
    const pointers = rrsetOf(node, PTR.code);
    if (!pointers) continue;
    const member = onlyTarget(catalog, name);
    if (member === undefined) throw new CairnError('CATALOG', `${name} must have one PTR record`);
    if (members.has(member)) throw new CairnError('CATALOG', `${member} is there twice`);
    if (accepted.length > 0 && !accepted.some((zone) => isAtOrBelow(member, zone))) continue;
    if (members.size === MAX_MEMBERS) throw new CairnError('CATALOG', `there are more than ${MAX_MEMBERS} zones`);
    members.set(member, { label: labelsOf(name)[0]!, nextCatalog: onlyTarget(catalog, joinName(['coo'], name)) });
  }
  return members;
}

/** The (folded) name that the one PTR record of a name leads to; undefined if there are none, or more. */
function onlyTarget({ nodes }: Zone, name: Name): Name | undefined {
  const [pointer, ...more] = rrsetOf(nodes.get(name), PTR.code) ?? [];
  return pointer && more.length === 0 && isOfType(pointer, PTR) ? foldName(pointer.data.target) : undefined;
}
