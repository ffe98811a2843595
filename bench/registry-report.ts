import type { ClusterSize } from './big-cluster.ts';

/** The results of a run, for printing and for the file. */
export interface RegistryReport {
  readonly date: string;
  readonly machine: string;
  readonly size: ClusterSize;
  /** How many slices should change in a second. */
  readonly updates: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly lists: string;
  readonly servers: readonly { readonly server: string; readonly rounds: readonly ServerFigures[] }[];
}

/** One start of one server. */
export interface ServerFigures {
  /** From the start until the complete answer for the last service. */
  readonly answeredSeconds: number;
  /** From the start until the ready page has status 200. */
  readonly readySeconds: number;
  /** From the end of all watches to an answer with a change to the last object. */
  readonly relistSeconds: number;
  readonly atStart: Memory;
  readonly afterRelist: Memory;
  readonly atEnd: Memory;
  /** Of the updates that were asked for: from the update to the first answer that shows it. */
  readonly agesMs: readonly number[];
  /** How many updates were actually made. */
  readonly updatesPerSecond: number;
  readonly rates: readonly { readonly row: string; readonly quiet: Rate; readonly changing: Rate }[];
}

interface Memory {
  readonly residentMiB: number;
  readonly peakMiB: number;
}

interface Rate {
  readonly queriesPerSecond: number;
  readonly cpuMicrosecondsPerQuery: number;
  readonly lost: number;
}

/** The report as a Markdown table: a line for each figure, the median of the rounds. */
export function registryTable(report: RegistryReport): string {
  const { date, machine, rounds, seconds, lists, size, updates } = report;
  const rows = [
    ['', ...report.servers.map(({ server }) => server)],
    ['---', ...report.servers.map(() => '---')],
    ...figures(report).map(([title, of]) => [title, ...report.servers.map((server) => of(server.rounds))]),
  ];
  const about = `${date}, ${machine}; ${rounds} × ${seconds} s each; ${size.services} services with ${size.endpointsEach} endpoints each, ${updates} updates a second, streaming lists ${lists}.`;
  return `${about}\n\n${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`;
}

type Figure = readonly [title: string, of: (rounds: readonly ServerFigures[]) => string];

function figures({ servers }: RegistryReport): Figure[] {
  const seconds = (of: (one: ServerFigures) => number) => (all: readonly ServerFigures[]) =>
    `${median(all.map(of)).toFixed(2)} s`;
  const mebibytes = (of: (one: ServerFigures) => number) => (all: readonly ServerFigures[]) =>
    `${Math.round(median(all.map(of)))} MiB`;
  const titles = servers[0]?.rounds[0]?.rates.map(({ row }) => row) ?? [];
  return [
    ['ready page', seconds((one) => one.readySeconds)],
    ['last service answered', seconds((one) => one.answeredSeconds)],
    ['resident once ready', mebibytes((one) => one.atStart.residentMiB)],
    ['peak until then', mebibytes((one) => one.atStart.peakMiB)],
    ['listed again after 410', seconds((one) => one.relistSeconds)],
    ['resident after that', mebibytes((one) => one.afterRelist.residentMiB)],
    ['peak until then', mebibytes((one) => one.afterRelist.peakMiB)],
    ['updates a second', (all) => String(Math.round(median(all.map((one) => one.updatesPerSecond))))],
    ['age of answers: p50, p99, max', ages],
    ...titles.map((title, i): Figure => [`${title}: queries/s quiet, under updates`, (all) => rates(all, i)]),
    ['resident at the end', mebibytes((one) => one.atEnd.residentMiB)],
    ['peak until then', mebibytes((one) => one.atEnd.peakMiB)],
  ];
}

function ages(all: readonly ServerFigures[]): string {
  const sorted = all.flatMap(({ agesMs }) => agesMs).toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return `${[at(0.5), at(0.99), at(1)].map((ms) => ms.toFixed(1)).join(', ')} ms`;
}

function rates(all: readonly ServerFigures[], row: number): string {
  const both = (['quiet', 'changing'] as const).map((kind) => {
    const of = (field: keyof Rate) => median(all.map(({ rates }) => rates[row]![kind][field]));
    return { rate: of('queriesPerSecond'), cpu: of('cpuMicrosecondsPerQuery') };
  });
  const [quiet, changing] = both;
  const text = both
    .map(({ rate, cpu }) => `${Math.round(rate).toLocaleString('en')} (${cpu.toFixed(1)} µs)`)
    .join(', ');
  return `${text}: × ${(changing!.rate / quiet!.rate).toFixed(2)}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
