import type { ServerKey } from '../../corefile/key.ts';
import { isAtOrBelow, type Name, ROOT } from '../../dns/name.ts';
import type { BlockConfiguration, Configuration, PluginConfiguration } from './configuration.ts';
import { sayOf, settingsDifferences } from './settings-differences.ts';

/** What changes for the names of some zones. */
export interface Difference {
  /** The zones, each with its port, transport, address and view where these are not the usual. */
  readonly zones: readonly string[];
  readonly change: string;
}

/** A zone at a place where it is served. */
interface ServedZone {
  readonly label: string;
  readonly zone: Name;
  /** The transport, port and address. */
  readonly place: string;
  readonly block: BlockConfiguration;
}

/**
 * What changes for clients from one configuration to another. Order that has no meaning, comments, imports and other ways to write the same are no
 * changes.
 */
export function differencesOf(before: Configuration, after: Configuration, dnsPort: number): readonly Difference[] {
  const [old, next] = [servedZones(before, dnsPort), servedZones(after, dnsPort)];
  const changes: { readonly label: string; readonly change: string }[] = [];
  for (const served of old.values()) {
    if (!next.has(served.label))
      changes.push({ label: served.label, change: `no longer served: ${elsewhere(served, next, 'are')}` });
  }
  for (const served of next.values()) {
    const { label, block } = served;
    const known = old.get(label);
    if (!known) changes.push({ label, change: `served now: ${elsewhere(served, old, 'were')}` });
    else changes.push(...blockDifferences(known.block, block).map((change) => ({ label, change })));
  }
  changes.push(...orderDifferences(old, next));
  const byChange = Map.groupBy(changes, ({ change }) => change);
  return [...byChange].map(([change, same]) => ({ change, zones: same.map(({ label }) => label) }));
}

/** Blocks of one zone at one place are asked in their order: each with a `view` passes on the queries that it does not choose. */
function orderDifferences(
  before: ReadonlyMap<string, ServedZone>,
  after: ReadonlyMap<string, ServedZone>,
): readonly { readonly label: string; readonly change: string }[] {
  const inOrder = (these: ReadonlyMap<string, ServedZone>, others: ReadonlyMap<string, ServedZone>) =>
    Map.groupBy(
      [...these.values()].filter(({ label }) => others.has(label)),
      ({ place, zone }) => `${place} ${zone}`,
    );
  const old = inOrder(before, after);
  return [...inOrder(after, before)].flatMap(([key, blocks]) => {
    const isSameOrder = blocks.every(({ label }, at) => label === old.get(key)![at]!.label);
    return isSameOrder
      ? []
      : blocks.map(({ label }) => ({ label, change: 'the server blocks are asked in another order' }));
  });
}

/** Who answers for the names of a zone where it is not served itself. */
function elsewhere({ zone, place }: ServedZone, others: ReadonlyMap<string, ServedZone>, verb: 'are' | 'were'): string {
  const wider = [...others.values()].filter(
    (other) => other.place === place && other.zone !== zone && isAtOrBelow(zone, other.zone),
  );
  const closest = wider.sort((a, b) => b.zone.length - a.zone.length)[0];
  return closest ? `its names ${verb} answered like those of ${closest.label}` : `its queries ${verb} refused`;
}

function servedZones({ blocks }: Configuration, dnsPort: number): ReadonlyMap<string, ServedZone> {
  const found = new Map<string, ServedZone>();
  for (const block of blocks) {
    for (const address of block.settings.bind?.addresses.map(({ text }) => text) ?? [undefined]) {
      for (const key of block.keys) {
        const place = `${key.transport}://${address ?? ''}:${key.port}`;
        const label = labelOf(key, address, block.settings.view, dnsPort);
        found.set(label, { label, zone: key.zone, place, block });
      }
    }
  }
  return found;
}

function labelOf(
  { transport, zone, port }: ServerKey,
  address: string | undefined,
  view: string | undefined,
  dnsPort: number,
): string {
  const details = [
    transport !== 'dns' && `over ${transport}`,
    (transport !== 'dns' || port !== dnsPort) && `port ${port}`,
    address !== undefined && `at ${address}`,
    view !== undefined && `view ${view}`,
  ].filter((detail) => detail !== false);
  const name = zone === ROOT ? '.' : zone.slice(0, -1);
  return details.length > 0 ? `${name} (${details.join(', ')})` : name;
}

function blockDifferences(before: BlockConfiguration, after: BlockConfiguration): readonly string[] {
  const pluginOf = ({ plugins, zones }: BlockConfiguration, name: string) => {
    const plugin = plugins.find(({ definition }) => definition.name === name);
    return plugin && { plugin, zones };
  };
  const names = [...before.plugins, ...after.plugins].map(({ definition }) => definition.name);
  // Addresses are a part of what tells zones apart.
  return [...new Set(names)]
    .filter((name) => name !== 'bind')
    .flatMap((name) => {
      const [old, next] = [pluginOf(before, name), pluginOf(after, name)];
      if (old && next) return settingsDifferences(old, next);
      return next ? presence(next.plugin, 'added') : presence(old!.plugin, 'removed');
    });
}

/** That a plugin is there on one side alone. If it says where names go, that says it. */
function presence({ definition, options }: PluginConfiguration, verb: 'added' | 'removed'): readonly string[] {
  const routes = definition.words?.of(options, []).filter(({ isRoute }) => isRoute) ?? [];
  if (routes.length === 0) return [`${definition.name} ${verb}`];
  return routes.map((route) => sayOf(route, definition.name, verb));
}
