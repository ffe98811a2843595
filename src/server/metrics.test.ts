import { expect, test } from 'vitest';
import { Metrics } from '../observe/metrics.ts';
import type { OpenSockets } from './listeners/sockets.ts';
import { exposeTransports } from './metrics.ts';

const SERVER = { server: 'dns://:53' };

/** A listener that has counted these. */
function listener(counted: object): OpenSockets {
  const streams = {
    stats: { open: 1, refused: 2, unfinishedOctets: 3, unsentOctets: 12, closed: { idle: 4 } },
    responses: [[200, 5]],
  };
  const stats = { sendErrors: 6, receiveErrors: 7, stale: 10, passed: 8, dropped: 9 };
  return {
    binding: { responder: SERVER },
    streams,
    udp: { stats, workers: 10, deaths: 11 },
    ...counted,
  } as unknown as OpenSockets;
}

async function exposed(sockets: readonly OpenSockets[], metrics = new Metrics()): Promise<string[]> {
  exposeTransports(metrics, () => sockets);
  return (await metrics.expose()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('what listeners count is shown', async () => {
  expect(await exposed([listener({})])).toEqual([
    'cairn_tcp_connections{server="dns://:53"} 1',
    'cairn_tcp_connections_refused_total{server="dns://:53"} 2',
    'cairn_tcp_unfinished_bytes{server="dns://:53"} 3',
    'cairn_tcp_unsent_bytes{server="dns://:53"} 12',
    'cairn_tcp_connections_closed_total{server="dns://:53",reason="idle"} 4',
    'coredns_dns_https_responses_total{server="dns://:53",status="200"} 5',
    'cairn_udp_send_errors_total{server="dns://:53"} 6',
    'cairn_udp_receive_errors_total{server="dns://:53"} 7',
    'cairn_udp_stale_queries_total{server="dns://:53"} 10',
    'cairn_udp_workers{server="dns://:53"} 10',
    'cairn_udp_worker_passed_queries_total{server="dns://:53"} 8',
    'cairn_udp_worker_dropped_queries_total{server="dns://:53"} 9',
    'cairn_udp_worker_deaths_total{server="dns://:53"} 11',
  ]);
});

test('a listener without UDP has nothing to say of it, and one that is gone shows no gauges', async () => {
  const metrics = new Metrics();
  const sockets = [listener({ udp: undefined })];
  expect((await exposed(sockets, metrics)).filter((line) => line.startsWith('cairn_udp'))).toEqual([]);
  sockets.pop();
  expect((await metrics.expose()).match(/^cairn_tcp_(connections|unfinished_bytes|unsent_bytes)\{/m)).toBeNull();
});
