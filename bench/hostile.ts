/**
 * Hostile input: `node bench/hostile.ts [DATAGRAMS] [STREAMS]` sends random and mutated messages over UDP and TCP, in two
 * passes, and fails if the server stops answering, logs, or grows from the first pass to the second.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { encode } from 'dns-packet';
import { ask, questionPacket } from '../test/support/ask.ts';
import { seededRandom } from '../test/support/random.ts';
import { limitRun, residentMiB, startBenchServer } from './server.ts';

const [datagrams = 200_000, streams = 10_000] = process.argv.slice(2).map(Number);
const PASSES = 4;
/** A heap may be cut into pieces differently each pass; a leak of one message in ten would be far above this. */
const MAX_GROWTH_MIB = 8;

const random = seededRandom(1);
const below = (limit: number) => Math.floor(random() * limit);

const SEEDS = [
  ['kubernetes.default.svc.cluster.local', 'A'],
  ['service-headless.default.svc.cluster.local', 'SRV'],
  ['215.3.244.10.in-addr.arpa', 'PTR'],
  ['nope.default.svc.cluster.local', 'AAAA'],
  ['x.example.org', 'ANY'],
].map(([name, type]) => encode(questionPacket(name!, type!, { udpSize: 1232 })));

/** Random octets, or a good query with some octets changed, cut off or added. */
function hostileMessage(): Buffer {
  if (random() < 0.2) return Buffer.from(Array.from({ length: below(600) }, () => below(256)));
  const message = Buffer.from(SEEDS[below(SEEDS.length)]!);
  for (let i = below(6); i >= 0; i--) message[below(message.length)] = below(256);
  if (random() < 0.2) return message.subarray(0, below(message.length));
  return random() < 0.1 ? Buffer.concat([message, message]) : message;
}

async function sendDatagrams(port: number, count: number): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('message', () => {});
  for (let i = 0; i < count; i++) {
    socket.send(hostileMessage(), port, '127.0.0.1');
    if (i % 100 === 0) await new Promise(setImmediate);
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  socket.close();
}

/** One connection: frames with lengths that are right, wrong or never filled, then the end, abruptly or not. */
async function sendStream(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  for (let i = below(5); i >= 0; i--) {
    const message = hostileMessage();
    const length = random() < 0.3 ? below(65536) : message.length;
    socket.write(Buffer.concat([Buffer.of(length >> 8, length & 255), message]));
  }
  if (random() < 0.5) socket.end();
  await new Promise((resolve) => setTimeout(resolve, 5));
  socket.destroy();
}

async function sendStreams(port: number, count: number): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await sendStream(port).catch(() => {});
  };
  await Promise.all(Array.from({ length: 50 }, worker));
}

const folder = mkdtempSync(join(tmpdir(), 'cairn-hostile-'));
const corefile = join(folder, 'Corefile');
const cluster = resolve(import.meta.dirname, '../test/acceptance/cluster.yaml');
const kubernetes = `kubernetes cluster.local in-addr.arpa ip6.arpa {\nmanifests ${cluster}\npods insecure\n}`;
writeFileSync(
  corefile,
  `cluster.local in-addr.arpa ip6.arpa {\nerrors\nprometheus 127.0.0.1:0\n${kubernetes}\ncache 30\nloadbalance\n}\n`,
);
limitRun();
// With room for gigabytes V8 collects late, and what it did not collect yet would look like a leak.
const server = await startBenchServer(corefile, ['--max-old-space-size=64']);
const linesAtStart = server.output().split('\n').length;
const resident: number[] = [];
for (let pass = 1; pass <= PASSES; pass++) {
  await sendDatagrams(server.port, datagrams / PASSES);
  await sendStreams(server.port, streams / PASSES);
  const { answer } = await ask(server.port, 'kubernetes.default.svc.cluster.local', 'A');
  if (answer[0] !== '10.96.0.1') throw new Error(`wrong answer: ${answer}`);
  resident.push(residentMiB(server.pid));
}
const lines = server.output().split('\n').length - linesAtStart;
await server.stop();
rmSync(folder, { recursive: true });
const growth = resident.at(-1)! - resident[0]!;
process.stdout.write(
  `${datagrams} datagrams and ${streams} streams in ${PASSES} passes: still answering, ${lines} lines logged, ` +
    `resident ${resident.map((mib) => mib.toFixed(1)).join(' → ')} MiB\n`,
);
if (growth > MAX_GROWTH_MIB || lines > 200) process.exitCode = 1;
