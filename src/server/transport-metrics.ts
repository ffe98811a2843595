import type { TcpListener } from '../net/tcp.ts';
import type { UdpListener } from '../net/transport.ts';
import type { Metrics } from '../observe/metrics.ts';

/** Shows what listeners count of themselves, for as long as the metrics are scraped. */
export function exposeTransports(
  metrics: Metrics,
  listeners: () => Iterable<{ server: string; tcp: TcpListener; udp: UdpListener }>,
): void {
  const open = metrics.gauge('cairn_tcp_connections', 'TCP connections that are open.', ['server']);
  const refused = metrics.counter(
    'cairn_tcp_connections_refused_total',
    'TCP connections closed unheard because as many as allowed were busy.',
    ['server'],
  );
  const closed = metrics.counter(
    'cairn_tcp_connections_closed_total',
    'TCP connections that ended, by reason: client, read, idle, write, queries, displaced, shutdown, error.',
    ['server', 'reason'],
  );
  const sendErrors = metrics.counter('cairn_udp_send_errors_total', 'UDP replies that the system did not send.', [
    'server',
  ]);
  metrics.onScrape('transports', () => {
    open.reset();
    for (const { server, tcp, udp } of listeners()) {
      open.cell(server).value = tcp.stats.open;
      refused.cell(server).value = tcp.stats.refused;
      sendErrors.cell(server).value = udp.stats.sendErrors;
      for (const [reason, count] of Object.entries(tcp.stats.closed)) closed.cell(server, reason).value = count;
    }
  });
}
