import type { Contents } from '../../cluster/contents.ts';
import { MISSING, type Missing } from '../../cluster/find.ts';
import type { Zone } from '../../cluster/zone.ts';
import type { Name } from '../../dns/name.ts';
import type { Cell, Metrics } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { JournaledZone } from './journaled-zone.ts';

const FOUND = [
  'apex',
  'version',
  'nameserver',
  'service',
  'headless',
  'endpoint',
  'pod',
  'external',
  'external-ip',
  'ptr',
] as const satisfies readonly Contents['kind'][];
const OTHERWISE = ['nodata', 'unready', 'refused'] as const;

/** Counts of the plugin's replies by what was found, and of NXDOMAIN by what was missing. */
export type AnswerCells = Readonly<Record<Contents['kind'] | (typeof OTHERWISE)[number], Cell>> & {
  readonly nxdomain: Readonly<Record<Missing, Cell>>;
};

/** The cells of `cairn_kubernetes_answers_total`. */
export function answerCells(metrics: Metrics): AnswerCells {
  const help = 'Replies of the plugin kubernetes, by the kind of name; NXDOMAIN also by what was missing.';
  const family = metrics.counter('cairn_kubernetes_answers_total', help, ['kind', 'missing']);
  const cells = Object.fromEntries([...FOUND, ...OTHERWISE].map((kind) => [kind, family.cell(kind, '')]));
  const nxdomain = Object.fromEntries(MISSING.map((missing) => [missing, family.cell('nxdomain', missing)]));
  // A parent has no records, so its replies are NODATA.
  return { ...cells, parent: cells.nodata, nxdomain } as AnswerCells;
}

/** Shows the serials of the zones. Returns a function that ends it. */
export function showSerials(zones: readonly Zone[], { metrics, block }: PluginEnv): () => void {
  const help = 'The serial of a zone: the Unix time of the last change that its records show.';
  const serials = metrics.gauge('cairn_kubernetes_serial', help, ['server', 'zone']);
  return metrics.show([serials], () => {
    for (const { name, cluster } of zones) serials.cell(block.server, name).value = cluster.serial.value;
  });
}

/** Shows how much is kept of the changes of zones that are copied. Returns a function that ends it. */
export function showJournals(journals: ReadonlyMap<Name, JournaledZone>, { metrics, block }: PluginEnv): () => void {
  const help = 'Records in the changes of a zone that are kept for servers with copies.';
  const records = metrics.gauge('cairn_kubernetes_journal_records', help, ['server', 'zone']);
  return metrics.show([records], () => {
    for (const [zone, { journal }] of journals) records.cell(block.server, zone).value = journal.records;
  });
}
