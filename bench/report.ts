import { SETUPS, type Setup } from './corefiles.ts';

/** The results of a bench run, as in the JSON file. */
export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly seconds: number;
  readonly rounds: number;
  readonly servers: readonly ServerReport[];
  readonly results: readonly Result[];
}

export interface ServerReport {
  readonly server: string;
  readonly setup: Setup;
  readonly version: string;
  /** Resident memory in MiB before the first query, and after the last. */
  readonly residentAtStart: number;
  readonly resident: number;
}

/** All rounds of one row, against one server, with one number of outstanding queries. */
export interface Result {
  readonly row: string;
  readonly server: string;
  readonly setup: Setup;
  readonly window: number;
  readonly queriesPerSecond: number;
  readonly cpuMicrosecondsPerQuery: number;
  /** In milliseconds; the percentiles are of sampled queries. */
  readonly latency: { readonly average: number; readonly p50: number; readonly p99: number; readonly max: number };
  readonly replySize: number;
  readonly lost: number;
}

/** The server that the others are compared with. */
export const BASELINE = 'Cairn';

/** The report as Markdown: for each setup the CPU time of a query, then all details, and memory. */
export function markdown(report: Report): string {
  const setups = (Object.keys(SETUPS) as Setup[]).filter((setup) => report.results.some((one) => one.setup === setup));
  return [
    `${report.date}, ${report.machine}; ${report.rounds} × ${report.seconds} s each.`,
    versions(report),
    ...setups.map((setup) => `### ${titleCase(SETUPS[setup])}\n\n${table(detailRows(report, setup))}`),
    `### Resident memory\n\n${table(memoryRows(report))}`,
  ].join('\n\n');
}

function versions({ servers }: Report): string {
  const all = new Map(servers.map(({ server, version }) => [server, version]));
  return `${[...all].map(([server, version]) => `${server} (${version})`).join(', ')}.`;
}

function detailRows({ results }: Report, setup: Setup): string[][] {
  const own = results.filter((result) => result.setup === setup);
  const header = [
    'Question',
    'Window',
    'Server',
    'Queries/s',
    'CPU per query',
    'Latency: mean',
    'p50',
    'p99',
    'max',
    'CPU against Cairn',
  ];
  return [
    header,
    ...own.map((result) => [
      result.row,
      String(result.window),
      result.server,
      Math.round(result.queriesPerSecond).toLocaleString('en') + (result.lost > 0 ? ` (${result.lost} lost)` : ''),
      `${result.cpuMicrosecondsPerQuery.toFixed(1)} µs`,
      ...[result.latency.average, result.latency.p50, result.latency.p99, result.latency.max].map(
        (ms) => `${ms.toFixed(2)} ms`,
      ),
      ratio(result, own),
    ]),
  ];
}

/** The ratio of a server's CPU time to that of Cairn. */
function ratio(result: Result, others: readonly Result[]): string {
  const same = others.find(
    ({ row, window, server }) => server === BASELINE && row === result.row && window === result.window,
  );
  return same ? `× ${(result.cpuMicrosecondsPerQuery / same.cpuMicrosecondsPerQuery).toFixed(2)}` : '';
}

function memoryRows({ servers }: Report): string[][] {
  return [
    ['Server', 'Setup', 'At start', 'After the load'],
    ...servers.map(({ server, setup, residentAtStart, resident }) => [
      server,
      SETUPS[setup],
      `${Math.round(residentAtStart)} MiB`,
      `${Math.round(resident)} MiB`,
    ]),
  ];
}

function table([header, ...rows]: string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header!), line(header!.map(() => '---')), ...rows.map(line)].join('\n');
}

function titleCase(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}
