import { expect, test } from 'vitest';
import type { PluginStatus, ServerStatus, UpstreamStatus } from '../../admin/protocol/index.ts';
import { statusLines } from './status-lines.ts';

const NOW = Date.UTC(2030, 0, 1, 12);

function statusOf(change: Partial<ServerStatus> = {}): ServerStatus {
  return {
    ...{ version: '1.2.3', pid: 42, startedAt: '2030-01-01T09:00:00.000Z', uptimeSeconds: 10_800 },
    corefile: { hash: '0123456789abcdef', loadedAt: '2030-01-01T11:00:00.000Z' },
    ...{ logLevel: 'info', draining: false, state: 'ok', viewers: 0 },
    listeners: [
      {
        ...{ server: 'dns://:53', transport: 'dns', addresses: [], port: 53, zones: ['.'], threads: 2 },
        ...{ inFlight: 3, connections: 1, refusedConnections: 0 },
        memo: { entries: 100, octets: 5000, hits: 9_000, misses: 1_000 },
        udp: { workers: 2, workerDeaths: 0, passed: 5, dropped: 7, stale: 0, receiveErrors: 0, sendErrors: 1 },
      },
    ],
    blocks: [],
    ...change,
  };
}

const block = (...plugins: readonly (Partial<PluginStatus> & { name: string })[]) => ({
  ...{ zones: ['.'], servers: ['dns://:53'] },
  plugins: plugins.map((plugin) => ({ text: plugin.name, state: 'ok' as const, ...plugin })),
});

const print = (status: ServerStatus, width = 80) =>
  statusLines(status, width, NOW)
    .map((line) => line.map(([text]) => text).join(''))
    .join('\n');

const UPSTREAM: UpstreamStatus = {
  ...{ address: '192.0.2.53', state: 'ok', failedProbes: 0, inFlight: 2, queries: 1234, failures: 1 },
  ...{ p50Ms: 1.23, p99Ms: 45.6, rcodes: { NXDOMAIN: 3, NOERROR: 253 } },
};

test('a server that is well', () => {
  const watches = [{ what: 'services of https://10.96.0.1', state: 'ok', objects: 1500, ageSeconds: 4 }] as const;
  const zone = { what: 'example.org. of db', state: 'ok', objects: 9, serial: 7, expiresInSeconds: 7200 } as const;
  const blocks = [
    block(
      { name: 'errors' },
      { name: 'forward', summary: 'The upstream answers.', upstreams: [UPSTREAM] },
      { name: 'kubernetes', summary: 'Answers from 1500 services.', watches },
      { name: 'secondary', watches: [zone] },
    ),
    { ...block({ name: 'whoami' }), view: 'inside' },
  ];
  expect(`\n${print(statusOf({ blocks }))}`).toBe(`
OK  Cairn 1.2.3, process 42, up for 3 h
Corefile 0123456789ab, loaded 1 h ago, log level info

. on dns://:53
  errors
  forward     The upstream answers.
    ok        192.0.2.53: 1,234 queries, 1 failed, 2 in flight, p50 1.2 ms, p99
              46 ms; latest: 253 NOERROR, 3 NXDOMAIN
  kubernetes  Answers from 1500 services.
    ok        services of https://10.96.0.1: 1,500 objects, seen 4 s ago
  secondary
    ok        example.org. of db: serial 7, 9 records, expires in 2 h

. on dns://:53, view inside
  whoami

dns://:53  all addresses, port 53, 2 threads, 3 in flight, 1 connection, 90 % of
           10,000 from the memo, 7 dropped, 1 send error`);
});

test('what is wrong comes first, the worst of it before all else', () => {
  const upstreams = [UPSTREAM, { ...UPSTREAM, state: 'failing', failedProbes: 3, problem: 'i/o timeout' }] as const;
  const failed = { at: '2030-01-01T11:55:00.000Z', error: "Corefile:2:3 - Unknown directive 'nosuch'" };
  const status = statusOf({
    ...{ state: 'failing', draining: true, viewers: 2 },
    corefile: { ...statusOf().corefile, failed },
    blocks: [
      block(
        { name: 'geo', state: 'waiting' },
        { name: 'forward', state: 'failing', summary: 'No upstream answers: check that they run.', upstreams },
      ),
    ],
  });
  expect(`\n${print(status)}`).toBe(`
FAILING  Cairn 1.2.3, process 42, up for 3 h
Corefile 0123456789ab, loaded 1 h ago, log level info, 2 viewers
Draining: /ready says that no new client should come. Queries are answered.

failing   forward in . on dns://:53
          No upstream answers: check that they run.

degraded  the Corefile
          The last reload failed 5 min ago, and what was loaded before is
          served: Corefile:2:3 - Unknown directive 'nosuch'

waiting   geo in . on dns://:53
          It does not say why.

. on dns://:53
  geo      waiting
  forward  failing
    failing   192.0.2.53: 1,234 queries, 1 failed, 2 in flight, 3 probes failed
              in a row, p50 1.2 ms, p99 46 ms; latest: 253 NOERROR, 3 NXDOMAIN -
              i/o timeout
    ok        192.0.2.53: 1,234 queries, 1 failed, 2 in flight, p50 1.2 ms, p99
              46 ms; latest: 253 NOERROR, 3 NXDOMAIN

dns://:53  all addresses, port 53, 2 threads, 3 in flight, 1 connection, 90 % of
           10,000 from the memo, 7 dropped, 1 send error`);
});

test.each([40, 80, 120])('no line is longer than a terminal of %d columns', (width) => {
  const long = 'x'.repeat(300);
  const blocks = [
    block(
      {
        name: 'forward',
        state: 'failing',
        summary: `${long} and ${long}`,
        upstreams: [{ ...UPSTREAM, problem: long }],
      },
      { name: 'kubernetes', summary: long, watches: [{ what: long, state: 'degraded', objects: 1, problem: long }] },
    ),
  ];
  const many = Array.from({ length: 9 }, (_, i) => `zone-${i}.example.org.`);
  const wide = blocks.map((each) => ({ ...each, zones: many }));
  const lines = print(statusOf({ blocks: wide }), width)
    .split('\n')
    .slice(3);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
});
