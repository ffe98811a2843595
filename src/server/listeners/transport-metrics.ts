import type { HttpServer } from '../../net/pages/http.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { OpenSockets } from './sockets.ts';

/** Shows the counts of the listeners. */
export function exposeTransports(metrics: Metrics, sockets: () => Iterable<OpenSockets>): void {
  const open = metrics.gauge('cairn_tcp_connections', 'Open TCP connections.', ['server']);
  const refused = metrics.counter(
    'cairn_tcp_connections_refused_total',
    'TCP connections closed unread because the maximum number of connections was busy.',
    ['server'],
  );
  const unfinished = metrics.gauge('cairn_tcp_unfinished_bytes', 'Memory of TCP connections for incomplete messages.', [
    'server',
  ]);
  const unsent = metrics.gauge(
    'cairn_tcp_unsent_bytes',
    'Memory of TCP connections for responses that their clients have not read yet.',
    ['server'],
  );
  const closed = metrics.counter(
    'cairn_tcp_connections_closed_total',
    'TCP connections that ended, by reason: client, handshake, read, idle, write, queries, displaced, shutdown, error.',
    ['server', 'reason'],
  );
  const responses = metrics.counter(
    'coredns_dns_https_responses_total',
    'Responses to DNS over HTTPS, by HTTP status.',
    ['server', 'status'],
  );
  const sendErrors = metrics.counter('cairn_udp_send_errors_total', 'UDP responses that the system did not send.', [
    'server',
  ]);
  const receiveErrors = metrics.counter(
    'cairn_udp_receive_errors_total',
    'Failed reads from UDP sockets; the datagrams may be lost.',
    ['server'],
  );
  const stale = metrics.counter(
    'cairn_udp_stale_queries_total',
    'UDP queries dropped unread because they had waited too long in the buffer of the socket.',
    ['server'],
  );
  const workers = metrics.gauge('cairn_udp_workers', 'Worker threads that serve UDP.', ['server']);
  const passed = metrics.counter(
    'cairn_udp_worker_passed_queries_total',
    'UDP queries that worker threads passed on to the main thread.',
    ['server'],
  );
  const dropped = metrics.counter(
    'cairn_udp_worker_dropped_queries_total',
    'UDP queries dropped because too many waited for the main thread, or because they waited too long.',
    ['server'],
  );
  const deaths = metrics.counter('cairn_udp_worker_deaths_total', 'Worker threads that died and were replaced.', [
    'server',
  ]);
  metrics.onScrape('transports', () => {
    for (const gauge of [open, unfinished, unsent, workers]) gauge.reset();
    for (const { binding, streams, udp } of sockets()) {
      const { server } = binding.responder;
      open.cell(server).value = streams.stats.open;
      refused.cell(server).value = streams.stats.refused;
      unfinished.cell(server).value = streams.stats.unfinishedOctets;
      unsent.cell(server).value = streams.stats.unsentOctets;
      for (const [reason, count] of Object.entries(streams.stats.closed)) closed.cell(server, reason).value = count;
      if ('responses' in streams) {
        for (const [status, count] of streams.responses) responses.cell(server, `${status}`).value = count;
      }
      if (!udp) continue;
      sendErrors.cell(server).value = udp.stats.sendErrors;
      receiveErrors.cell(server).value = udp.stats.receiveErrors;
      stale.cell(server).value = udp.stats.stale;
      workers.cell(server).value = udp.workers;
      passed.cell(server).value = udp.stats.passed;
      dropped.cell(server).value = udp.stats.dropped;
      deaths.cell(server).value = udp.deaths;
    }
  });
}

/** Shows the counts of the servers of HTTP pages, by address. */
export function exposePageServers(metrics: Metrics, servers: () => Iterable<readonly [string, HttpServer]>): void {
  const open = metrics.gauge('cairn_page_connections', 'Open connections to HTTP pages.', ['address']);
  const bodies = metrics.gauge('cairn_page_body_bytes', 'Memory of HTTP pages that clients are still reading.', [
    'address',
  ]);
  const closed = metrics.counter(
    'cairn_page_connections_closed_total',
    'Connections to HTTP pages that ended, by reason: client, handshake, read, write, displaced, shutdown, error.',
    ['address', 'reason'],
  );
  metrics.onScrape('pages', () => {
    for (const gauge of [open, bodies]) gauge.reset();
    for (const [address, { stats }] of servers()) {
      open.cell(address).value = stats.open;
      bodies.cell(address).value = stats.bodyOctets;
      for (const [reason, count] of Object.entries(stats.closed)) closed.cell(address, reason).value = count;
    }
  });
}
