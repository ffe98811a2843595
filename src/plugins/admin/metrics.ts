import type { Cell, Metrics } from '../../observe/metrics.ts';

/** What is counted of one address of the interface. */
export interface AdminCounts {
  readonly connections: Cell;
  readonly refusedConnections: Cell;
  /** Requests that waited for others. */
  readonly delayed: Cell;
  readonly viewers: Cell;
  readonly refusedViewers: Cell;
  readonly droppedLines: Cell;
  /** Counts a response by its HTTP status. */
  responded(status: number): void;
}

export function adminCounts(metrics: Metrics, address: string): AdminCounts {
  const gauge = (name: string, help: string) => metrics.gauge(name, help, ['address']).cell(address);
  const counter = (name: string, help: string) => metrics.counter(name, help, ['address']).cell(address);
  const responses = metrics.counter(
    'cairn_admin_responses_total',
    'Responses of the admin interface, by HTTP status.',
    ['address', 'status'],
  );
  return {
    connections: gauge('cairn_admin_connections', 'Connections to the admin interface that are open.'),
    refusedConnections: counter(
      'cairn_admin_refused_connections_total',
      'Connections to the admin interface that were refused, because there were too many.',
    ),
    delayed: counter(
      'cairn_admin_delayed_requests_total',
      'Requests to the admin interface that had to wait, because too many came in a short time.',
    ),
    viewers: gauge('cairn_admin_viewers', 'Clients of the admin interface that read lines.'),
    refusedViewers: counter(
      'cairn_admin_refused_viewers_total',
      'Requests for lines that were refused, because there were too many viewers.',
    ),
    droppedLines: counter(
      'cairn_admin_dropped_lines_total',
      'Lines that a viewer did not get, because it read too slowly.',
    ),
    responded: (status) => {
      responses.cell(address, String(status)).value++;
    },
  };
}
