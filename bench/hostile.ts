/**
 * Hostile input: `node bench/hostile.ts [options]` sends datagrams of 20 classes to every kind of UDP socket, and messages in fragments over TCP,
 * TLS, HTTP/1.1 and HTTP/2. It fails if the server does not answer a good query after a batch, counts a panic, logs too much, or takes more memory
 * from pass to pass.
 *
 *   --datagrams N   in total, an equal share for each way (default 200,000)
 *   --streams N     connections, in the same way (default 10,000)
 *   --seed N        the same seed sends the same (default 1)
 *   --ways A,B      of batched, portable and workers
 */
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { KEY, SERVER_CERT } from '../test/support/authority.ts';
import { seededRandom } from '../test/support/random.ts';
import { refusedPort } from '../test/support/upstream.ts';
import { query, TYPES } from './attacks/message.ts';
import { classes } from './hostile/messages.ts';
import { type StreamPorts, sendStreams } from './hostile/streams.ts';
import { isOfProbe, LIVE_MEMORY_FLAGS, liveMiB } from './live-memory.ts';
import { limitRun, ownMiB, startBenchServer } from './server.ts';

const { values: options } = parseArgs({
  options: {
    datagrams: { type: 'string', default: '200000' },
    streams: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    ways: { type: 'string', default: 'batched,portable,workers' },
  },
});

interface Way {
  readonly environment: NodeJS.ProcessEnv;
  /** That serve a listener. */
  readonly threads: number;
  /** That run JavaScript, each in an isolate of its own. */
  readonly isolates: number;
}

const WAYS: Readonly<Record<string, Way>> = {
  batched: { environment: { CAIRN_UDP: 'batched' }, threads: 1, isolates: 1 },
  portable: { environment: { CAIRN_UDP: 'portable' }, threads: 1, isolates: 1 },
  workers: { environment: { CAIRN_UDP: 'batched' }, threads: 2, isolates: 3 },
};

const PASSES = 8;
/**
 * The limit for growth of live memory, from its minimum to the end: half an octet for each datagram of a long run. The memo and its copies in worker
 * threads fill slowly up to their limits, which is less.
 */
const MAX_LIVE_GROWTH_MIB = 3;
/**
 * The same for the process's own memory, for each isolate, which also shows leaks in machine code. V8 first collects an isolate's old space when it
 * has about 8 MiB of garbage, possibly after a million queries, and keeps the pages. So each isolate grows by that much once.
 */
const MAX_OWN_GROWTH_MIB = 12;
const MAX_LINES = 200;
/** After each batch there is a good query. Its answer shows that the server is alive and has read the batch. */
const BATCH = 200;
const SOCKETS = 8;
const TRIES = 5;
const TRY_MS = 2000;
const ZONES = ['cluster.local', 'in-addr.arpa', 'ip6.arpa'];
const CONTROL = 'kubernetes.default.svc.cluster.local';
const CONTROL_ADDRESS = '10.96.0.1';

/** Asks for a known name until the answer comes, ignoring responses to earlier messages. @throws Error if none comes */
async function control(socket: Socket, port: number, id: number, batch: string): Promise<void> {
  const octets = query(id, CONTROL, TYPES.A, {
    counts: { additional: 1 },
    rest: Buffer.from('0000291000000000000000', 'hex'),
  });
  const wanted = Buffer.from(CONTROL_ADDRESS.split('.').map(Number));
  for (let attempt = 0; attempt < TRIES; attempt++) {
    socket.send(octets, port, '127.0.0.1');
    if (await replied(socket, (reply) => reply.readUInt16BE(0) === id && reply.includes(wanted))) return;
  }
  throw new Error(`no good answer after ${batch}`);
}

function replied(socket: Socket, isWanted: (reply: Buffer) => boolean): Promise<boolean> {
  return new Promise((settle) => {
    const end = (found: boolean) => {
      clearTimeout(timer);
      socket.off('message', look);
      settle(found);
    };
    const look = (reply: Buffer) => reply.length > 12 && isWanted(reply) && end(true);
    const timer = setTimeout(() => end(false), TRY_MS);
    socket.on('message', look);
  });
}

async function sendDatagrams(port: number, count: number, random: () => number, what: string): Promise<void> {
  const sockets = Array.from({ length: SOCKETS }, () => createSocket('udp4').on('message', () => {}));
  for (const socket of sockets) socket.setMaxListeners(0);
  for (let sent = 0; sent < count; sent += BATCH) {
    const socket = sockets[(sent / BATCH) % SOCKETS]!;
    for (let i = 0; i < Math.min(BATCH, count - sent); i++) {
      socket.send(classes[(sent + i) % classes.length]!.make(random), port, '127.0.0.1');
    }
    await control(socket, port, (sent / BATCH) & 0xffff, `datagrams ${sent} to ${sent + BATCH} of ${what}`);
  }
  for (const socket of sockets) socket.close();
}

/** `cairn` with every kind of listener. */
async function startServer(folder: string, { environment, threads }: Way) {
  const ports = { tls: await refusedPort(), https: await refusedPort(), metrics: await refusedPort() };
  const cluster = resolve(import.meta.dirname, '../test/acceptance/cluster.yaml');
  writeFileSync(join(folder, 'cert.pem'), SERVER_CERT);
  writeFileSync(join(folder, 'key.pem'), KEY);
  const block = (transport: string, port: string, lines: string) =>
    `${ZONES.map((zone) => transport + zone + port).join(' ')} {\n${lines}\nerrors\nkubernetes cluster.local in-addr.arpa ip6.arpa {\nmanifests ${cluster}\npods insecure\n}\ncache 30\nloadbalance\n}\n`;
  const tls = `tls ${folder}/cert.pem ${folder}/key.pem`;
  const corefile = join(folder, 'Corefile');
  writeFileSync(
    corefile,
    block('tls://', `:${ports.tls}`, tls) +
      block('https://', `:${ports.https}`, tls) +
      block('', '', `multisocket ${threads}\nprometheus 127.0.0.1:${ports.metrics}`),
  );
  // With a large heap V8 collects late, and garbage would look like a leak.
  const server = await startBenchServer(corefile, ['--max-old-space-size=64', ...LIVE_MEMORY_FLAGS], environment);
  const port = Number(/^cluster\.local\.:(\d+)/m.exec(server.output())![1]);
  const streams: StreamPorts = { tcp: port, tls: ports.tls, https: ports.https };
  return { ...server, port, streams, metrics: `http://127.0.0.1:${ports.metrics}/metrics` };
}

const growth = (mib: readonly number[]) => mib.at(-1)! - Math.min(...mib);
const textOf = (mib: readonly number[]) => mib.map((each) => each.toFixed(1)).join(' → ');

/** Sends to one server and prints the result. Returns whether all limits were kept. */
async function run(name: string, way: Way, datagrams: number, streams: number, random: () => number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-hostile-'));
  const server = await startServer(folder, way);
  const linesOf = () =>
    server
      .output()
      .split('\n')
      .filter((line) => !isOfProbe(line)).length;
  const linesAtStart = linesOf();
  const own: number[] = [];
  const live: number[] = [];
  try {
    for (let pass = 1; pass <= PASSES; pass++) {
      await sendDatagrams(server.port, Math.ceil(datagrams / PASSES), random, `pass ${pass} over ${name}`);
      await sendStreams(server.streams, Math.ceil(streams / PASSES), random);
      const socket = createSocket('udp4');
      await control(socket, server.port, pass, `the streams of pass ${pass} over ${name}`);
      socket.close();
      own.push(ownMiB(server.pid));
      live.push(await liveMiB(server, way.isolates));
    }
    const page = await (await fetch(server.metrics)).text();
    const panics = Number(/^coredns_panics_total (\d+)/m.exec(page)?.[1] ?? Number.NaN);
    const lines = linesOf() - linesAtStart;
    process.stdout.write(
      `${name}: ${datagrams} datagrams and ${streams} streams in ${PASSES} passes: still answering, ${panics} panics, ` +
        `${lines} lines logged, live memory ${textOf(live)} MiB, own memory ${textOf(own)} MiB\n`,
    );
    const isSteady = growth(live) <= MAX_LIVE_GROWTH_MIB && growth(own) <= MAX_OWN_GROWTH_MIB * way.isolates;
    return panics === 0 && lines <= MAX_LINES && isSteady;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

const ways = options.ways.split(',');
const [datagrams, streams, seed] = [options.datagrams, options.streams, options.seed].map(Number) as [
  number,
  number,
  number,
];
limitRun(Math.max(5, datagrams / 200_000));
for (const [i, name] of ways.entries()) {
  const way = WAYS[name];
  if (way === undefined) throw new Error(`no way '${name}' here; there are ${Object.keys(WAYS).join(', ')}`);
  const random = seededRandom(seed + i);
  if (!(await run(name, way, Math.ceil(datagrams / ways.length), Math.ceil(streams / ways.length), random)))
    process.exitCode = 1;
}
