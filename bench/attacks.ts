/**
 * Attacks, each with a victim beside it: `npm run bench:attacks -- [options]`. docs/security.md says what each row means.
 *
 *   --rows A,B       only the rows whose names begin with these, such as `pages,http2-reset`
 *   --servers A,B    cairn, coredns (the program that COREDNS_BIN names); by default those that are installed
 *   --seconds N      how long each attack takes (default 20, with --short 3)
 *   --short          leaves out rows that are similar to others, and checks no times
 *   --json FILE      also writes the results to a file
 *
 * The server runs on the first core, in a control group with the memory of its pod if this user may make one. Attacker, victim and upstream run on
 * the second core. The bench fails if Cairn exceeds a limit.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { limitMemory } from './attacks/memory-limit.ts';
import { attacks } from './attacks/rows.ts';
import { header, line, type Outcome, runRow } from './attacks/run-row.ts';
import { MEMORY_MIB, type Program } from './attacks/target.ts';
import { startUpstream } from './attacks/upstream.ts';

// Servers are stopped at the exit, which a signal alone would skip.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(143));

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string' },
    servers: { type: 'string' },
    seconds: { type: 'string' },
    short: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

const PROGRAMS: readonly Program[] = ['cairn', 'coredns'];
const programs = PROGRAMS.filter((program) => {
  const isWanted = options.servers === undefined || options.servers.split(',').includes(program);
  return isWanted && (program === 'cairn' || process.env.COREDNS_BIN !== undefined);
});
const rows = attacks.filter(({ id, long = false }) => {
  if (options.rows === undefined) return !(long && options.short);
  return options.rows.split(',').some((start) => id.startsWith(start));
});
if (rows.length === 0) throw new Error(`no such row; there are ${attacks.map(({ id }) => id).join(', ')}`);
const seconds = Number(options.seconds ?? (options.short ? 3 : 20));

// This also applies to child processes, except for the servers, which get the other core.
execFileSync('taskset', ['-acp', '1', String(process.pid)], { stdio: 'ignore' });

const upstream = await startUpstream();
const limit = limitMemory(MEMORY_MIB);
const memory = limit
  ? `in a control group of ${MEMORY_MIB} MiB`
  : `whose memory is only watched: no control group can be made here`;
process.stdout.write(`Each attack takes ${seconds} s against a server on one core, ${memory}.\n\n${header()}`);
const outcomes: Outcome[] = [];
for (const row of rows) {
  for (const program of programs) {
    if (row.own && program !== 'cairn') continue;
    const folder = mkdtempSync(join(tmpdir(), 'cairn-attacks-'));
    mkdirSync(join(folder, 'manifests'));
    try {
      const outcome = await runRow(row, { program, folder, upstream, limit, seconds, isTimed: !options.short });
      outcomes.push(outcome);
      process.stdout.write(line(outcome));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
upstream.close();
limit?.remove();
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(outcomes, null, 2)}\n`);
const broken = outcomes.filter((outcome) => outcome.program === 'cairn' && outcome.broken.length > 0);
process.stdout.write(
  `\n${broken.length} of Cairn's ${outcomes.filter(({ program }) => program === 'cairn').length} rows do not hold a limit\n`,
);
process.exit(broken.length > 0 ? 1 : 0);
