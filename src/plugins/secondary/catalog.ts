import { CairnError } from '../../base/errors.ts';
import { foldName, isAtOrBelow, joinName, labelsOf, type Name } from '../../dns/name.ts';
import { isOfType, PTR, TXT } from '../../dns/rr.ts';
import { rrsetOf, type Zone } from '../../zone/zone.ts';

/** The maximum number of zones of a catalog. A catalog with more is broken. */
const MAX_MEMBERS = 10_000;

/** A zone that a catalog names. */
export interface Member {
  /** The label of the zone in the catalog. If it changes, the zone must be copied again (RFC 9432 §5.4). */
  readonly label: string;
  /** The catalog that the zone may move to (RFC 9432 §4.4.1). */
  readonly nextCatalog: Name | undefined;
}

/**
 * The zones of a catalog zone that are at or below `accepted`; all if that is empty (RFC 9432 §4).
 *
 * @throws CairnError if the catalog is broken (RFC 9432 §5.1): then its earlier zones stay.
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
    if (members.has(member)) throw new CairnError('CATALOG', `${member} is listed twice`);
    if (accepted.length > 0 && !accepted.some((zone) => isAtOrBelow(member, zone))) continue;
    if (members.size === MAX_MEMBERS) throw new CairnError('CATALOG', `there are more than ${MAX_MEMBERS} zones`);
    members.set(member, { label: labelsOf(name)[0]!, nextCatalog: onlyTarget(catalog, joinName(['coo'], name)) });
  }
  return members;
}

/** The (folded) target of the PTR record of a name; undefined unless there is exactly one. */
function onlyTarget({ nodes }: Zone, name: Name): Name | undefined {
  const [pointer, ...more] = rrsetOf(nodes.get(name), PTR.code) ?? [];
  return pointer && more.length === 0 && isOfType(pointer, PTR) ? foldName(pointer.data.target) : undefined;
}
