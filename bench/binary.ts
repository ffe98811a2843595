/**
 * Compares the single file with the package: `npm run build && npm run build:binary && npm run bench:binary`. Each starts in turn, ten times, with
 * Corefile.example. Prints the fastest start until the server is ready, the least CPU time, and the median of the resident memory two seconds later,
 * when the server has given back what only its start needed.
 */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { percentile } from './percentile.ts';
import { cpuSeconds, limitRun, residentMiB, startProcess } from './server.ts';

const ROUNDS = 10;
const SETTLE_MS = 2000;
const POLL_MS = 2;
const ROOT = resolve(import.meta.dirname, '..');
const BINARY = join(ROOT, `release/cairn-linux-${process.arch}`);
const SERVE = ['-conf', 'Corefile.example', '-p', '0'];

const KINDS = {
  package: [process.execPath, join(ROOT, 'bin/cairn.js'), ...SERVE],
  'single file': [BINARY, ...SERVE],
};

interface Measured {
  readonly readyMs: number;
  readonly cpuMs: number;
  readonly residentMiB: number;
}

async function measure([program = '', ...args]: readonly string[]): Promise<Measured> {
  const begin = performance.now();
  const server = startProcess(program, args);
  while (!server.output().includes('Cairn-')) await setTimeout(POLL_MS);
  const readyMs = performance.now() - begin;
  const cpuMs = cpuSeconds(server.pid) * 1000;
  await setTimeout(SETTLE_MS);
  const measured = { readyMs, cpuMs, residentMiB: residentMiB(server.pid) };
  await server.stop();
  return measured;
}

limitRun();
const megabytes = statSync(BINARY).size / 1e6;
const results = Object.entries(KINDS).map(([name, command]) => ({ name, command, all: [] as Measured[] }));
for (let round = 0; round < ROUNDS; round++) {
  for (const { command, all } of results) all.push(await measure(command));
}
for (const { name, all } of results) {
  const sorted = (field: keyof Measured) => all.map((measured) => measured[field]).sort((a, b) => a - b);
  const [ready, cpu] = [sorted('readyMs')[0]!, sorted('cpuMs')[0]!];
  const resident = percentile(sorted('residentMiB'), 50);
  process.stdout.write(
    `${name}: ready after ${ready.toFixed(0)} ms (${cpu.toFixed(0)} of CPU), resident ${resident.toFixed(0)} MiB\n`,
  );
}
process.stdout.write(`size of the single file: ${megabytes.toFixed(0)} MB\n`);
