import type { HttpServer } from '../net/pages/http.ts';
import type { Metrics } from '../observe/metrics.ts';
import { VERSION } from '../version.ts';
import type { Listener } from './listeners/listener.ts';
import type { OpenPorts } from './listeners/open-ports.ts';
import type { OpenSockets } from './listeners/sockets.ts';
import type { MemoSize } from './threads/udp-service.ts';

/** What the metrics show of the server itself. */
interface Exposed {
  listeners(): readonly Listener[];
  isDraining(): boolean;
}

/** Shows the counts of listeners and open ports whenever the metrics are scraped. Without `ports`, the server has none open. */
export function exposeServer(metrics: Metrics, { listeners, isDraining }: Exposed, ports: OpenPorts | undefined): void {
  exposeBuild(metrics);
  exposeDraining(metrics, isDraining);
  exposePageServers(metrics, () => ports?.pageServers.all ?? []);
  exposeTransports(metrics, () => ports?.sockets.all ?? []);
  exposeResponders(metrics, listeners, (listener) => ports?.sockets.workerMemo(listener) ?? NO_MEMO);
}

const NO_MEMO: MemoSize = { entries: 0, octets: 0 };

/** Shows which version runs, under CoreDNS's name: `goversion` is the version of Node.js, and a revision is not known. */
function exposeBuild(metrics: Metrics): void {
  const help = 'Always 1; the labels say the version of Cairn, and as goversion that of Node.js.';
  metrics
    .gauge('coredns_build_info', help, ['version', 'revision', 'goversion'])
    .cell(VERSION, '', process.version).value = 1;
}

function exposeDraining(metrics: Metrics, isDraining: () => boolean): void {
  const help = "1 while '/ready' says that no new clients should come, as the operator asked over the admin interface.";
  const draining = metrics.gauge('cairn_draining', help).cell();
  metrics.onScrape('draining', () => {
    draining.value = isDraining() ? 1 : 0;
  });
}

/** Shows the counts of each listener's sockets. */
export function exposeTransports(metrics: Metrics, sockets: () => Iterable<OpenSockets>): void {
  exposeStreams(metrics, sockets);
  exposeUdp(metrics, sockets);
}

function exposeStreams(metrics: Metrics, sockets: () => Iterable<OpenSockets>): void {
  const open = metrics.gauge('cairn_tcp_connections', 'TCP connections that are open.', ['server']);
  const refused = metrics.counter(
    'cairn_tcp_connections_refused_total',
    'TCP connections closed unheard because as many as allowed were busy, or because there were no credentials.',
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
    'Responses over DNS over HTTPS, by HTTP status.',
    ['server', 'status'],
  );
  metrics.onScrape('streams', () => {
    for (const gauge of [open, unfinished, unsent]) gauge.reset();
    for (const { binding, streams } of sockets()) {
      const { server } = binding.responder;
      open.cell(server).value = streams.stats.open;
      refused.cell(server).value = streams.stats.refused;
      unfinished.cell(server).value = streams.stats.unfinishedOctets;
      unsent.cell(server).value = streams.stats.unsentOctets;
      for (const [reason, count] of Object.entries(streams.stats.closed)) closed.cell(server, reason).value = count;
      if (!('responses' in streams)) continue;
      for (const [status, count] of streams.responses) responses.cell(server, `${status}`).value = count;
    }
  });
}

function exposeUdp(metrics: Metrics, sockets: () => Iterable<OpenSockets>): void {
  const sendErrors = metrics.counter('cairn_udp_send_errors_total', 'UDP responses that the system did not send.', [
    'server',
  ]);
  const receiveErrors = metrics.counter(
    'cairn_udp_receive_errors_total',
    'UDP reads that the system refused; what was to be read may be lost.',
    ['server'],
  );
  const stale = metrics.counter(
    'cairn_udp_stale_queries_total',
    'UDP queries dropped unread because they had waited too long in the buffer of the socket.',
    ['server'],
  );
  const workers = metrics.gauge('cairn_udp_workers', 'Threads beside the main one that serve UDP.', ['server']);
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
  const deaths = metrics.counter('cairn_udp_worker_deaths_total', 'Threads that died and were replaced.', ['server']);
  metrics.onScrape('udp', () => {
    workers.reset();
    for (const { binding, udp } of sockets()) {
      if (!udp) continue;
      const { server } = binding.responder;
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

/** Shows the counts of the servers of HTTP pages, by their addresses. */
function exposePageServers(metrics: Metrics, servers: () => Iterable<readonly [string, HttpServer]>): void {
  const open = metrics.gauge('cairn_page_connections', 'Connections to HTTP pages that are open.', ['address']);
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

/** Shows the queries in flight and the memo of each listener, including its worker threads. */
function exposeResponders(
  metrics: Metrics,
  listeners: () => readonly Listener[],
  workerMemo: (listener: Listener) => MemoSize,
): void {
  const labels = ['server'];
  const inFlight = metrics.gauge('cairn_queries_in_flight', 'Queries that have no response yet.', labels);
  const hits = metrics.counter('cairn_memo_hits_total', 'Queries answered with a kept response.', labels);
  const outdated = metrics.counter(
    'cairn_memo_outdated_total',
    'Queries whose kept response was stale, so that it was made again: its data had changed, or its time had ended.',
    labels,
  );
  const entries = metrics.gauge('cairn_memo_entries', 'Responses that are kept.', labels);
  const octets = metrics.gauge('cairn_memo_bytes', 'Octets of the responses that are kept.', labels);
  metrics.onScrape('responders', () => {
    for (const gauge of [inFlight, entries, octets]) gauge.reset();
    for (const listener of listeners()) {
      const { server, responder } = listener;
      const workers = workerMemo(listener);
      inFlight.cell(server).value = responder.inFlight;
      hits.cell(server).value = responder.memo.hits;
      outdated.cell(server).value = responder.memo.outdated;
      entries.cell(server).value = responder.memo.size + workers.entries;
      octets.cell(server).value = responder.memo.totalOctets + workers.octets;
    }
  });
}
