import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack, Attacked } from './attack.ts';
import type { MemoryLimit } from './memory-limit.ts';
import { MEMORY_MIB, type Program, startTarget, type Target } from './target.ts';
import type { Upstream } from './upstream.ts';
import { runVictim, type Seen, type VictimReport } from './victim.ts';

export interface RowOptions {
  readonly program: Program;
  readonly folder: string;
  readonly upstream: Upstream;
  readonly limit: MemoryLimit | undefined;
  readonly seconds: number;
  /** Whether the victim's latencies are checked. */
  readonly isTimed: boolean;
}

/** The result of an attack on one server. */
export interface Outcome {
  readonly row: Pick<Attack, 'id' | 'title'>;
  readonly program: Program;
  readonly victim: VictimReport;
  readonly peakMiB: number;
  readonly isAlive: boolean;
  readonly note: string;
  /** Limits that were exceeded. */
  readonly broken: readonly string[];
}

/** How many of 1,000 queries may fail: a busy machine loses one now and then. */
const MAX_FAILED_PERMILLE = 10;
const MAX_P99_MS = 100;
/** The same for an attack that is more than a core can handle. */
const OVERLOADED = { maxFailedPermille: 100, maxP99Ms: 500 };

export async function runRow(row: Attack, options: RowOptions): Promise<Outcome> {
  const { program, folder, upstream, limit, seconds } = options;
  writeFileSync(join(folder, 'hosts'), '192.0.2.1 www.hosts.example\n');
  writeFileSync(join(folder, 'zone'), '$TTL 60\n@ SOA ns hostmaster 1 2 3 4 5\n@ NS ns\nwww A 192.0.2.1\n');
  const killsBefore = limit?.kills() ?? 0;
  const target = await startTarget({ program, setup: row.setup ?? {}, folder, upstream: upstream.endpoint, limit });
  try {
    const [attacked, victim] = await Promise.all([
      row.run({ target, upstream, seconds }),
      victimOf(row, target, seconds),
    ]);
    const panics = target.isAlive ? await panicsOf(target) : undefined;
    const outcome = {
      ...{ row: { id: row.id, title: row.title }, program, victim, note: attacked.note },
      ...{ peakMiB: target.peakMiB, isAlive: target.isAlive },
    };
    const isOutOfMemory = (limit?.kills() ?? 0) > killsBefore;
    return { ...outcome, broken: brokenLimits(row, outcome, attacked, panics, isOutOfMemory, options.isTimed) };
  } finally {
    await target.stop();
  }
}

function victimOf({ asks = {} }: Attack, target: Target, seconds: number): Promise<VictimReport> {
  const ports: Readonly<Record<string, number>> = { health: target.healthPort, ready: target.readyPort };
  const pages = (asks.pages ?? []).map((page) => `http://127.0.0.1:${ports[page]}/${page}`);
  return runVictim({ port: target.port, seconds, cluster: target.names, outside: asks.outside, pages });
}

/** The number of unexpected errors; undefined if the metrics cannot be read. */
async function panicsOf({ metricsPort }: Target): Promise<number | undefined> {
  const timeout = AbortSignal.timeout(5000);
  const page = await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { signal: timeout }).then(
    (response) => response.text(),
    () => '',
  );
  const count = /^coredns_panics_total (\d+)/m.exec(page)?.[1];
  return count === undefined ? undefined : Number(count);
}

function brokenLimits(
  { isOverload = false }: Attack,
  { victim, peakMiB, isAlive }: Omit<Outcome, 'broken'>,
  attacked: Attacked,
  panics: number | undefined,
  isOutOfMemory: boolean,
  isTimed: boolean,
): string[] {
  const usual = { maxFailedPermille: MAX_FAILED_PERMILLE, maxP99Ms: MAX_P99_MS };
  const { maxFailedPermille, maxP99Ms } = isOverload ? OVERLOADED : usual;
  const broken = [...(attacked.broken ?? [])];
  if (!isAlive) broken.push(isOutOfMemory ? 'killed for its memory' : 'the process has ended');
  else if (panics !== 0) broken.push(panics === undefined ? 'the metrics do not answer' : `${panics} panics`);
  if (peakMiB > MEMORY_MIB) broken.push(`${Math.round(peakMiB)} MiB, at most ${MEMORY_MIB}`);
  for (const [what, seen] of Object.entries(victim) as [string, Seen | undefined][]) {
    if (seen === undefined) continue;
    const isLost = seen.failed * 1000 > seen.asked * maxFailedPermille;
    if (isLost && (isTimed || !isOverload)) broken.push(`${what}: ${seen.why}`);
    if (isTimed && !(seen.p99 <= maxP99Ms)) broken.push(`${what}: p99 ${shown(seen.p99)} ms, at most ${maxP99Ms}`);
  }
  return broken;
}

const CELLS = [
  'Row',
  'Attack',
  'Server',
  'Cluster names',
  'Outside name',
  'Probes',
  'Peak memory',
  'Lives',
  'Seen by the attacker',
  'Not held',
];

/** The head of the report, in Markdown. */
export function header(): string {
  return `${cells(CELLS)}${cells(CELLS.map(() => '---'))}`;
}

/** An outcome as a line of the report. */
export function line({ row, program, victim, peakMiB, isAlive, note, broken }: Outcome): string {
  const { cluster, outside, pages } = victim;
  return cells([
    ...[row.id, row.title, program === 'cairn' ? 'Cairn' : 'CoreDNS'],
    ...[cluster, outside, pages].map((seen) => (seen ? printSeen(seen) : '')),
    ...[`${Math.round(peakMiB)} MiB`, isAlive ? 'yes' : '**no**', note, broken.join('; ')],
  ]);
}

/** `FAILED of ASKED failed, P50 / P99 ms` */
function printSeen({ asked, failed, p50, p99 }: Seen): string {
  return `${failed} of ${asked} failed, ${shown(p50)} / ${shown(p99)} ms`;
}

function shown(ms: number): string {
  return Number.isNaN(ms) ? '–' : ms.toFixed(ms < 10 ? 1 : 0);
}

function cells(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |\n`;
}
