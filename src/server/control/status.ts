import type { BlockStatus, ListenerStatus, ServerStatus, UdpFigures } from '../../admin/protocol/index.ts';
import { worstState } from '../../plugin/status.ts';
import { VERSION } from '../../version.ts';
import type { Listener } from '../listeners/listener.ts';
import type { OpenPorts } from '../listeners/open-ports.ts';
import type { ServedBlock } from '../reload/instance.ts';
import type { UdpService } from '../threads/udp-service.ts';
import type { Controlled } from './controlled.ts';
import { pluginStatus } from './plugin-status.ts';

/** The state of the server now. */
export function statusOf(server: Controlled): ServerStatus {
  const { clock, startedAtMs, logLevel, draining, corefileHash, loadedAtMs, failedReload, listeners, ports, instance } =
    server;
  const blocks = instance?.blocks.map(blockStatus) ?? [];
  const states = blocks.flatMap(({ plugins }) => plugins.map(({ state }) => state));
  return {
    version: VERSION,
    pid: process.pid,
    startedAt: moment(startedAtMs),
    uptimeSeconds: Math.max(0, clock.now() - startedAtMs) / 1000,
    corefile: {
      hash: corefileHash,
      loadedAt: moment(loadedAtMs),
      ...(failedReload && { failed: { at: moment(failedReload.atMs), error: failedReload.error } }),
    },
    logLevel: logLevel.level,
    draining,
    state: worstState([...states, failedReload ? 'degraded' : 'ok', draining ? 'waiting' : 'ok']),
    listeners: listeners.map((listener) => listenerStatus(listener, ports)),
    blocks,
    viewers: 0,
  };
}

function blockStatus({ block, plugins, listeners }: ServedBlock): BlockStatus {
  const { zones, settings } = block;
  return {
    zones,
    servers: listeners.map(({ server }) => server),
    ...(settings.view !== undefined && { view: settings.view }),
    plugins: plugins.map(pluginStatus),
  };
}

function listenerStatus(listener: Listener, ports: OpenPorts | undefined): ListenerStatus {
  const { server, transport, address, port, zones, responder } = listener;
  const { memo, inFlight } = responder;
  const open = ports?.sockets.of(listener);
  const { streams, udp } = open ?? {};
  const inWorkers = ports?.sockets.workerMemo(listener) ?? { entries: 0, octets: 0 };
  return {
    ...{ server, transport, inFlight },
    addresses: address === undefined ? [] : [address],
    port: streams?.port ?? port,
    zones: [...zones.keys()],
    threads: udp ? Math.max(1, udp.workers) : 0,
    connections: streams?.stats.open ?? 0,
    refusedConnections: streams?.stats.refused ?? 0,
    memo: {
      entries: memo.size + inWorkers.entries,
      octets: memo.totalOctets + inWorkers.octets,
      hits: memo.hits,
      misses: memo.misses,
    },
    ...(udp && { udp: udpFigures(udp) }),
  };
}

function udpFigures({ workers, deaths, stats }: UdpService): UdpFigures {
  const { passed, dropped, stale, receiveErrors, sendErrors } = stats;
  return { workers, workerDeaths: deaths, passed, dropped, stale, receiveErrors, sendErrors };
}

function moment(atMs: number): string {
  return new Date(atMs).toISOString();
}
