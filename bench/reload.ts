/**
 * Reloads under load: `node bench/reload.ts [SECONDS] [RELOADS] [THREADS]` runs dnsperf against a server that reloads all the time, each time with
 * another Corefile. It fails if one query is lost or answered with an error.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { limitRun, startBenchServer } from './server.ts';

const [seconds = 20, reloads = 50, threads = 1] = process.argv.slice(2).map(Number);
const cluster = resolve(import.meta.dirname, '../test/acceptance/cluster.yaml');
const folder = mkdtempSync(join(tmpdir(), 'cairn-reload-'));
const corefile = join(folder, 'Corefile');

const corefileText = (round: number) => `. {
    multisocket ${threads}
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        manifests ${cluster}
        pods insecure
        ttl ${5 + (round % 2)}
    }
    hosts /dev/null {
        192.0.2.${round % 250} round.example.org
        fallthrough
    }
    cache 30
    loadbalance
}
`;

writeFileSync(corefile, corefileText(0));
writeFileSync(
  join(folder, 'queries'),
  [
    'kubernetes.default.svc.cluster.local A',
    'service-headless.default.svc.cluster.local A',
    'db.prod.svc.cluster.local SRV',
    'nope.default.svc.cluster.local AAAA',
    'round.example.org A',
  ].join('\n'),
);
limitRun();
const server = await startBenchServer(corefile);
const protocol = process.env.BENCH_TCP ? ['-m', 'tcp'] : [];
const args = [
  '-c',
  '1',
  'dnsperf',
  ...protocol,
  '-s',
  '127.0.0.1',
  '-p',
  String(server.port),
  '-d',
  join(folder, 'queries'),
  '-l',
  String(seconds),
  '-c',
  '20',
  '-t',
  '3',
];
const dnsperf = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] });
const report = text(dnsperf.stdout);
for (let round = 1; round <= reloads; round++) {
  await new Promise((resolve) => setTimeout(resolve, (seconds * 1000 - 1000) / reloads));
  writeFileSync(corefile, corefileText(round));
  server.child.kill('SIGUSR1');
}
if (dnsperf.exitCode === null) await once(dnsperf, 'exit');
const done = server.output().split('Reloading complete').length - 1;
await server.stop();
rmSync(folder, { recursive: true });
const lost = Number(/Queries lost:\s+(\d+)/.exec(await report)?.[1] ?? Number.NaN);
process.stdout.write(`${await report}\n${done} reloads, ${lost} queries lost\n`);
if (lost !== 0 || done < reloads || /SERVFAIL|REFUSED/.test(await report)) process.exitCode = 1;
