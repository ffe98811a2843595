import type { Cell, Metrics } from '../../observe/metrics.ts';

const RESULTS = ['full', 'changes', 'current', 'refused', 'unready', 'busy'] as const;

/** Counts of transfers by result, of those under way, and of queries that wait for a newer version. */
export type TransferCells = Readonly<Record<(typeof RESULTS)[number] | 'running' | 'waiting', Cell>>;

export function transferCells(metrics: Metrics, server: string): TransferCells {
  const labels = ['server', 'result'];
  const transfers = metrics.counter('cairn_zone_transfers_total', 'Queries for zone transfers, by result.', labels);
  const running = metrics.gauge('cairn_zone_transfers_running', 'Zone transfers under way.', ['server']);
  const help = 'Queries for zone transfers that wait for a newer version.';
  const waiting = metrics.gauge('cairn_zone_transfers_waiting', help, ['server']);
  const cells = Object.fromEntries(RESULTS.map((result) => [result, transfers.cell(server, result)]));
  return { ...cells, running: running.cell(server), waiting: waiting.cell(server) } as TransferCells;
}

/** Counts of NOTIFY messages, by whether they were answered. */
export function notifyCells(metrics: Metrics): { readonly answered: Cell; readonly failed: Cell } {
  const help = 'NOTIFY messages to secondary servers, by whether they were answered.';
  const notifies = metrics.counter('cairn_notifies_total', help, ['result']);
  return { answered: notifies.cell('answered'), failed: notifies.cell('failed') };
}
