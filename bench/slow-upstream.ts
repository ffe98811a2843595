/**
 * Two upstreams that are slow for some queries: `npm run bench:slow-upstream -- [options]` asks for a new name each time, and prints how long clients
 * wait and how many queries the upstreams get, with and without `hedge` and `race`.
 *
 *   --rate N       queries a second (default 500)
 *   --seconds N    how long each row takes (default 8)
 *   --slow N       the share of slow responses, in percent (default 2)
 *   --delay N      how late they are, in milliseconds (default 400)
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { encode } from 'dns-packet';
import { questionPacket } from '../test/support/ask.ts';
import { askOnAndOn, open } from './ask-on.ts';
import { percentile } from './percentile.ts';
import { limitRun, startBenchServer } from './server.ts';

const ROWS = { 'one after the other': '', 'hedge 30ms': 'hedge 30ms', hedge: 'hedge', 'race 2': 'race 2' };

const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '8' },
    slow: { type: 'string', default: '2' },
    delay: { type: 'string', default: '400' },
  },
});
/** An upstream responds after about as long as one in the same region. */
const USUAL_DELAY_MS = 2;
let received = 0;
let isOver = false;

/** Responds without records: only the time matters here. */
async function startSlowUpstream() {
  const socket = await open();
  socket.on('message', (query, { port, address }) => {
    received++;
    const reply = Buffer.from(query);
    reply[2]! |= 0x80;
    reply[3]! |= 0x80;
    const isSlow = Math.random() * 100 < Number(options.slow);
    const respond = () => isOver || socket.send(reply, port, address);
    setTimeout(respond, isSlow ? Number(options.delay) : USUAL_DELAY_MS);
  });
  return socket;
}

limitRun();
const folder = mkdtempSync(join(tmpdir(), 'cairn-slow-'));
const upstreams = [await startSlowUpstream(), await startSlowUpstream()];
const endpoints = upstreams.map((socket) => `127.0.0.1:${socket.address().port}`).join(' ');
for (const [title, option] of Object.entries(ROWS)) {
  const corefile = join(folder, 'Corefile');
  writeFileSync(corefile, `. {\nbind 127.0.0.1\ncache\nforward . ${endpoints} {\n${option}\n}\n}\n`);
  const server = await startBenchServer(corefile);
  received = 0;
  const names = await askOnAndOn(server.port, 1000 / Number(options.rate), (i) =>
    encode(questionPacket(`name-${i}.example.org`, 'A')),
  );
  await new Promise((done) => setTimeout(done, Number(options.seconds) * 1000));
  const { tookMs, unanswered } = names.stop();
  const share = (percent: number) => percentile(tookMs, percent).toFixed(1).padStart(6);
  const load = ((received / (tookMs.length + unanswered)) * 100).toFixed(0);
  process.stdout.write(
    `${title.padEnd(20)} p50 ${share(50)} ms, p95 ${share(95)} ms, p99 ${share(99)} ms, p99.9 ${share(99.9)} ms` +
      `; the upstreams got ${load} queries for 100 (${tookMs.length} responses)\n`,
  );
  await server.stop();
}
isOver = true;
for (const socket of upstreams) socket.close();
rmSync(folder, { recursive: true });
