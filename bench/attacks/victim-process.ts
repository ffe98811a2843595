/** The program of `runVictim`: its argument says what to ask; it sends a {@link VictimReport} to its parent. */
import { createSocket } from 'node:dgram';
import { get } from 'node:http';
import { paced } from '../pace.ts';
import { percentile } from '../percentile.ts';
import { sleep } from './attack.ts';
import { query, TYPES } from './message.ts';
import { sharedName } from './names.ts';
import type { Asks, Seen, VictimReport } from './victim.ts';

const CLUSTER_PER_SECOND = 100;
const OUTSIDE_PER_SECOND = 20;
const PAGES_PER_SECOND = 10;
/** Shorter than the time-out of the C libraries: a later response is a stall that a user notices. */
const TIMEOUT_MS = 2000;
/** As the probes of CoreDNS's deployment in kubeadm. */
const PROBE_TIMEOUT_MS = 1000;
/** Several sockets, so that several threads get queries. */
const SOCKETS = 8;
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** Counts the results of queries. */
class Tally {
  private asked = 0;
  private settled = 0;
  private readonly latencies: number[] = [];
  private readonly failures = new Map<string, number>();

  begin(): (failure?: string) => void {
    this.asked++;
    const startedMs = performance.now();
    let isOver = false;
    return (failure) => {
      if (isOver) return;
      isOver = true;
      this.settled++;
      if (failure === undefined) this.latencies.push(performance.now() - startedMs);
      else this.failures.set(failure, (this.failures.get(failure) ?? 0) + 1);
    };
  }

  get isSettled(): boolean {
    return this.settled === this.asked;
  }

  get seen(): Seen {
    const sorted = this.latencies.sort((a, b) => a - b);
    const why = [...this.failures].sort(([, a], [, b]) => b - a).map(([failure, count]) => `${count} ${failure}`);
    return {
      asked: this.asked,
      failed: [...this.failures.values()].reduce((sum, count) => sum + count, 0),
      p50: percentile(sorted, 50),
      p99: percentile(sorted, 99),
      why: why.join(', '),
    };
  }
}

/** Attackers have 127.0.0.1: the victim is another pod. */
const ADDRESS = '127.0.0.2';

const { port, seconds, cluster, outside, pages }: Asks = JSON.parse(process.argv[2]!);
const waiting = new Map<number, (failure?: string) => void>();
let lastId = 0;

const sockets = Array.from({ length: SOCKETS }, () => {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  socket.on('message', (reply) => {
    const end = waiting.get(reply.readUInt16BE(0));
    const rcode = reply[3]! & 15;
    if (rcode !== 0) end?.(RCODES[rcode] ?? `rcode ${rcode}`);
    else end?.(reply.readUInt16BE(6) > 0 || (reply[2]! & 2) !== 0 ? undefined : 'without an answer');
  });
  socket.bind(0, ADDRESS);
  return socket;
});

function ask(tally: Tally, name: string): void {
  lastId = (lastId + 1) & 0xffff;
  const id = lastId;
  const end = tally.begin();
  waiting.set(id, end);
  sockets[id % SOCKETS]!.send(query(id, name, TYPES.A), port, '127.0.0.1');
  setTimeout(() => {
    end('without a reply');
    waiting.delete(id);
  }, TIMEOUT_MS);
}

function probe(tally: Tally, page: string): void {
  const end = tally.begin();
  const request = get(page, { agent: false, timeout: PROBE_TIMEOUT_MS }, (response) => {
    response.resume().on('end', () => end(response.statusCode === 200 ? undefined : `status ${response.statusCode}`));
  });
  const giveUp = setTimeout(() => request.destroy(new Error('timeout')), PROBE_TIMEOUT_MS);
  request.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'timed out'));
  request.on('close', () => clearTimeout(giveUp));
}

const tallies = { cluster: new Tally(), outside: new Tally(), pages: new Tally() };
let count = 0;
const stops = [paced(CLUSTER_PER_SECOND, () => ask(tallies.cluster, cluster[count++ % cluster.length]!))];
if (outside !== undefined) {
  const { zone, names } = outside;
  const next = () => (names === 'fresh' ? `victim-${count++}-${process.pid}.${zone}` : sharedName(zone));
  stops.push(paced(OUTSIDE_PER_SECOND, () => ask(tallies.outside, next())));
}
for (const page of pages) stops.push(paced(PAGES_PER_SECOND, () => probe(tallies.pages, page)));
await sleep(seconds * 1000);
for (const stop of stops) stop();
while (!Object.values(tallies).every(({ isSettled }) => isSettled)) await sleep(50);
const report: VictimReport = {
  cluster: tallies.cluster.seen,
  outside: outside && tallies.outside.seen,
  pages: pages.length > 0 ? tallies.pages.seen : undefined,
};
process.send!(report);
process.disconnect();
process.exit();
