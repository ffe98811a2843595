import type { Name } from '../dns/name.ts';
import type { Cell } from '../observe/metrics.ts';
import type { PluginEnv } from '../plugin/env.ts';
import type { HeldZone } from './held-zone.ts';

const KINDS = ['hit', 'nodata', 'nxdomain', 'referral', 'outside', 'failed', 'unready', 'refused'] as const;

/** Counts of a zone's replies by result. */
export type ZoneCells = Readonly<Record<(typeof KINDS)[number], Cell>>;

/** The cells of `cairn_zone_answers_total` by zone, made when a zone is first asked for. */
export function zoneCells({ metrics }: PluginEnv, plugin: string): (origin: Name) => ZoneCells {
  const help = 'Replies from zones, by result.';
  const family = metrics.counter('cairn_zone_answers_total', help, ['plugin', 'zone', 'kind']);
  const known = new Map<Name, ZoneCells>();
  return (origin) => {
    let cells = known.get(origin);
    if (!cells) {
      cells = Object.fromEntries(KINDS.map((kind) => [kind, family.cell(plugin, origin, kind)])) as ZoneCells;
      known.set(origin, cells);
    }
    return cells;
  };
}

/** Shows serial and size of the zones. Returns a function that ends it. */
export function showZones({ metrics, block }: PluginEnv, plugin: string, zones: () => Iterable<HeldZone>): () => void {
  const labels = ['server', 'plugin', 'zone'];
  const serials = metrics.gauge('cairn_zone_serial', 'The serial of a served zone.', labels);
  const records = metrics.gauge('cairn_zone_records', 'Records of a served zone.', labels);
  const signed = metrics.gauge(
    'cairn_zone_signed_until_seconds',
    'When the first signature of a served zone expires, in Unix seconds.',
    labels,
  );
  return metrics.show([serials, records, signed], () => {
    for (const { origin, zone } of zones()) {
      if (!zone) continue;
      serials.cell(block.server, plugin, origin).value = zone.soa.data.serial;
      records.cell(block.server, plugin, origin).value = zone.size;
      if (zone.signedUntil !== undefined) signed.cell(block.server, plugin, origin).value = zone.signedUntil;
    }
  });
}
