/**
 * Cairn and other DNS servers side by side: `npm run bench -- [options]`. docs/performance.md says how to read it.
 *
 *   --short          one round of 1 s with 20 outstanding queries
 *   --rows A,B       only these rows
 *   --servers A,B    only these servers
 *   --windows N,N    numbers of outstanding queries
 *   --seconds N      how long each measurement takes
 *   --rounds N       how often each measurement is made
 *   --json FILE      also writes the report to a file
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measure } from './measure.ts';
import { markdown } from './report.ts';
import { rows } from './rows.ts';
import { contenders } from './servers.ts';
import { inWorld } from './world.ts';

// Servers are stopped at the exit, which a signal alone would skip.
process.once('SIGTERM', () => process.exit(143));

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rows: { type: 'string' },
    servers: { type: 'string' },
    windows: { type: 'string' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string' },
  },
});

/** The items of a list that an option names; without the option, all. */
function chosen<T extends { readonly id: string }>(all: readonly T[], ids: string | undefined): T[] {
  if (ids === undefined) return [...all];
  return ids.split(',').map((id) => {
    const found = all.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no '${id}' here; there are ${all.map((one) => one.id).join(', ')}`);
    return found;
  });
}

const plan = {
  rows: chosen(rows, options.rows),
  contenders: chosen(contenders, options.servers).filter((contender) => contender.version() !== undefined),
  windows: (options.windows ?? (options.short ? '20' : '1,20,200')).split(',').map(Number),
  seconds: Number(options.seconds ?? (options.short ? 1 : 3)),
  rounds: Number(options.rounds ?? (options.short ? 1 : 3)),
  warmUp: !options.short,
};

await inWorld(async (world, services) => {
  const report = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model}`,
    seconds: plan.seconds,
    rounds: plan.rounds,
    ...(await measure(plan, services, world)),
  };
  process.stdout.write(`${markdown(report)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
});
