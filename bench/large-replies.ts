/**
 * Names of the cluster beside large replies: `npm run bench:large-replies -- [options]` asks for a name of the cluster again and again while an
 * upstream answers other queries with responses of 58 KB, and prints the times for the cluster's name. These times have a meaning only on an idle
 * machine; the CPU time of a large response has one on any machine.
 *
 *   --rate N       large replies a second (default 50)
 *   --seconds N    how long each row takes (default 5)
 *   --size N       the octets that clients of large replies accept (default 65000)
 *   --rows A,B     which kinds of responses (default all)
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { encode } from 'dns-packet';
import { questionPacket } from '../test/support/ask.ts';
import { addresses, chainedNames, longTails, texts, wholeNames } from '../test/support/large-messages.ts';
import { askOnAndOn, open } from './ask-on.ts';
import { cpuSeconds, limitRun, startBenchServer } from './server.ts';

const CLUSTER_NAME = 'kubernetes.default.svc.cluster.local';
const CLUSTER_EVERY_MS = 4;
const HEADER_OCTETS = 12;

const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '5' },
    size: { type: 'string', default: '65000' },
    rows: { type: 'string' },
  },
});
const everyMs = 1000 / Number(options.rate);

/** The upstream's responses; the first label of the question, with three letters, is copied from the query. */
const ROWS = {
  'no large replies': undefined,
  'NS, names one label longer than others': chainedNames(),
  'MX, the same': chainedNames(58_000, 15),
  'NS, names with a long tail': longTails(),
  'NS, names with many labels': wholeNames(),
  'A, 3,600 addresses': addresses(),
  'TXT, 3,600 records': texts(),
};

const upstream = await open();
let template: Buffer | undefined;
upstream.on('message', (query, { port, address }) => {
  const reply = Buffer.from(template!);
  query.copy(reply, 0, 0, 2);
  query.copy(reply, HEADER_OCTETS, HEADER_OCTETS, HEADER_OCTETS + 4);
  upstream.send(reply, port, address);
});

limitRun();
const folder = mkdtempSync(join(tmpdir(), 'cairn-large-'));
const corefile = join(folder, 'Corefile');
const cluster = resolve(import.meta.dirname, '../test/acceptance/cluster.yaml');
writeFileSync(
  corefile,
  `. {\nbind 127.0.0.1\nerrors\nprometheus 127.0.0.1:0\nkubernetes cluster.local {\nmanifests ${cluster}\n}\n` +
    `forward . 127.0.0.1:${upstream.address().port}\ncache 30\nloadbalance\n}\n`,
);
const server = await startBenchServer(corefile);
const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));
let asked = 0;
/** The server's time for the response of a cluster name, which is subtracted in rows with large responses. */
let smallMs = 0;
const wanted = options.rows?.split(',');
for (const [title, octets] of Object.entries(ROWS)) {
  if (wanted && !wanted.some((start) => title.startsWith(start))) continue;
  template = octets;
  const small = encode(questionPacket(CLUSTER_NAME, 'A'));
  const type = octets ? octets.readUInt16BE(HEADER_OCTETS + 17) : 0;
  const largeQuery = (): Buffer => {
    const query = encode(questionPacket('big.example.org', 'A', { udpSize: Number(options.size) }));
    query.write((asked++ % 36 ** 3).toString(36).padStart(3, '0'), HEADER_OCTETS + 1);
    query.writeUInt16BE(type, HEADER_OCTETS + 17);
    return query;
  };
  const cpuBefore = cpuSeconds(server.pid);
  const names = await askOnAndOn(server.port, CLUSTER_EVERY_MS, () => Buffer.from(small));
  const others = octets && (await askOnAndOn(server.port, everyMs, largeQuery));
  await wait(Number(options.seconds) * 1000);
  const { tookMs, unanswered } = names.stop();
  const largeReplies = others?.stop();
  const cpuMs = (cpuSeconds(server.pid) - cpuBefore) * 1000;
  const large = largeReplies?.tookMs.length ?? 0;
  if (large === 0) smallMs = cpuMs / tookMs.length;
  const each = large === 0 ? 0 : (cpuMs - smallMs * tookMs.length) / large;
  const share = (part: number) => tookMs[Math.floor(tookMs.length * part)]!.toFixed(2).padStart(8);
  process.stdout.write(
    `${title.padEnd(40)} p50 ${share(0.5)} ms, p99 ${share(0.99)} ms, most ${tookMs.at(-1)!.toFixed(2).padStart(8)} ms` +
      `, ${unanswered} unanswered; ${large} large replies, ${each.toFixed(1)} ms of the server's CPU time each\n`,
  );
}
await server.stop();
upstream.close();
rmSync(folder, { recursive: true });
