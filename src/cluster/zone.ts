import { longestZone, type Name } from '../dns/name.ts';
import { isReverseZone, parseReverseName } from '../dns/reverse.ts';
import type { Serial } from '../registry/serial.ts';
import { type ApexSettings, nameserverAddresses, nsRecords, soaRecord } from './apex.ts';
import { type Cluster, onlyNamespaces, type VisibleNamespaces } from './cluster.ts';
import type { Contents } from './contents.ts';
import { findContents } from './find.ts';
import type { RecordSettings } from './records.ts';
import { findReverse } from './reverse.ts';
import { labelsBelow, parseServerName, parseServiceName, type ServiceName } from './service-name.ts';
import { srvRecords } from './srv.ts';

/** One of the plugin's zones, and its contents. */
export interface Zone {
  /** Folded. */
  readonly name: Name;
  /** Reverse zones use the view of the cluster, not that of the cluster set. */
  readonly cluster: Cluster;
  readonly isReverse: boolean;
  /** The meaning of a (folded) name of the zone; undefined for an address, or part of one, in a reverse zone. */
  parse(name: Name): ServiceName | undefined;
  /** The contents of a (folded) name of the zone; undefined if the name does not exist. */
  find(name: Name): Contents | undefined;
  /** The zone as if only some namespaces were there. */
  withOnly(visible: VisibleNamespaces): Zone;
}

/** What zones are made of. */
interface ZoneSettings {
  /** Folded. */
  readonly zones: readonly Name[];
  /** The zones whose services are those of the cluster set. */
  readonly multicluster: readonly Name[];
  /** The zone that PTR records point into. */
  readonly primary: Name;
  readonly cluster: Cluster;
  readonly clusterSet: Cluster;
}

export function createZones(settings: ZoneSettings): readonly Zone[] {
  return settings.zones.map((name) => {
    if (isReverseZone(name)) return reverseZone(name, settings.cluster, settings.primary);
    return forwardZone(name, settings.multicluster.includes(name) ? settings.clusterSet : settings.cluster);
  });
}

/** The longest zone that holds a (folded) name. */
export function zoneOf(zones: readonly Zone[], name: Name): Zone | undefined {
  const found = longestZone(
    name,
    zones.map((zone) => zone.name),
  );
  return zones.find((zone) => zone.name === found);
}

function forwardZone(zone: Name, cluster: Cluster): Zone {
  // A name that does not exist is read twice: to find it, and to say what is missing.
  let last: { readonly name: Name; readonly parsed: ServiceName } | undefined;
  const parse = (name: Name) => {
    if (last?.name !== name) last = { name, parsed: parseServiceName(labelsBelow(name, zone), cluster.rules) };
    return last.parsed;
  };
  return {
    ...{ name: zone, cluster, isReverse: false, parse, find: (name) => findContents(cluster, parse(name)) },
    withOnly: (visible) => forwardZone(zone, onlyNamespaces(cluster, visible)),
  };
}

function reverseZone(zone: Name, cluster: Cluster, primary: Name): Zone {
  const parse = (name: Name) => parseServerName(labelsBelow(name, zone));
  return {
    ...{ name: zone, cluster, isReverse: true, parse },
    find(name) {
      const reverse = name === zone ? undefined : parseReverseName(name);
      if (reverse) return findReverse(cluster, reverse, primary);
      const known = parse(name);
      return known && findContents(cluster, known);
    },
    withOnly: (visible) => reverseZone(zone, onlyNamespaces(cluster, visible), primary),
  };
}

/** What the records of a zone need. */
export interface ZoneRecords extends RecordSettings, ApexSettings {
  readonly serial: Serial;
  /** The zone of the name servers' names; undefined for the zone itself. */
  readonly hostZone: Name | undefined;
}

/** The settings of a zone's records. Name servers without a name in the zone have their name in `primary`. */
export function recordSettings({ cluster, isReverse }: Zone, apex: ApexSettings, primary: Name): ZoneRecords {
  const { home, mayName, ttl, localAddresses } = apex;
  const { serial, rules } = cluster;
  const hostZone = isReverse || (rules === 'cluster-set' && home !== undefined) ? primary : undefined;
  return {
    ...{ home, ttl, localAddresses, serial, hostZone, ...(mayName && { mayName }) },
    soa: (owner) => soaRecord(owner, ttl, serial.value),
    ns: (owner, zone) => nsRecords(apex, owner, hostZone ?? zone),
    nameservers: () => nameserverAddresses(apex),
    srv: (backends, owner, zone, portion) => srvRecords(backends, owner, zone, ttl, portion),
  };
}
