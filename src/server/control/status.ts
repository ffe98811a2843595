import type { BlockStatus, ListenerStatus, ServerStatus } from '../../admin/protocol/index.ts';
import { VERSION } from '../../version.ts';
import type { Listener } from '../listeners/listener.ts';
import type { Controlled } from './controlled.ts';

/** The state of the server now. */
export function statusOf(server: Controlled): ServerStatus {
  const { listeners, corefileHash, logLevel, draining } = server;
  const now = new Date().toISOString();
  return {
    version: VERSION,
    pid: process.pid,
    startedAt: now,
    uptimeSeconds: 0,
    corefile: { hash: corefileHash, loadedAt: now },
    logLevel: logLevel.level,
    draining,
    state: 'ok',
    listeners: listeners.map(listenerStatus),
    blocks: [] satisfies BlockStatus[],
    viewers: 0,
  };
}

function listenerStatus({ server, transport, address, port, zones, threads, responder }: Listener): ListenerStatus {
  const { memo, inFlight } = responder;
  return {
    ...{ server, transport, port, threads, inFlight },
    addresses: address === undefined ? [] : [address],
    zones: [...zones.keys()],
    connections: 0,
    memo: { entries: memo.size, octets: memo.totalOctets, hits: memo.hits, misses: 0 },
  };
}
