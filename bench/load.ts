import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from '../test/support/tools.ts';
import { cpuSeconds } from './server.ts';

/** The result of one run against one server. */
export interface Load {
  readonly completed: number;
  readonly lost: number;
  readonly queriesPerSecond: number;
  /** User and system time of the server's process, in seconds. */
  readonly cpuSeconds: number;
  /** In milliseconds. */
  readonly latency: { readonly average: number; readonly max: number };
  /** The latencies of single queries that were asked meanwhile, in milliseconds; they are among `completed`. */
  readonly samples: readonly number[];
  /** The mean size of a reply in octets. */
  readonly replySize: number;
  readonly rcodes: readonly string[];
}

export interface LoadOptions {
  readonly port: number;
  readonly pid: number;
  /** A file of queries for dnsperf. */
  readonly queries: string;
  readonly tcp: boolean;
  /** The maximum number of outstanding queries. */
  readonly window: number;
  readonly seconds: number;
  /** The number of client sockets; by default, it depends on the protocol. */
  readonly clients?: number;
  /** Where dnsperf runs; the second core by default. */
  readonly cores?: string;
  /** A file of queries that another client asks meanwhile at a low rate, to measure single latencies; only with several outstanding queries. */
  readonly sampled?: string;
}

const TCP_CONNECTIONS = 50;
const UDP_SOCKETS = 10;
/** How many queries a second are sampled: few, so that they do not change the load. */
const SAMPLES_PER_SECOND = 500;

/** Asks the server. Returns the counts of the clients and of the server's process. */
export async function load(options: LoadOptions): Promise<Load> {
  const before = cpuSeconds(options.pid);
  const found = await (options.window === 1 ? oneByOne(options) : manyAtOnce(options));
  return { ...found, cpuSeconds: cpuSeconds(options.pid) - before };
}

/** The counts of the clients. */
export type Found = Omit<Load, 'cpuSeconds'>;

/** Runs a client that has one query outstanding, and measures each. */
async function oneByOne({ port, tcp, seconds, cores = '1', queries }: LoadOptions): Promise<Found> {
  const program = resolve(import.meta.dirname, 'one-by-one.ts');
  const words = `${program} ${port} ${tcp ? 'tcp' : 'udp'} ${tcp ? TCP_CONNECTIONS : 1} ${seconds}`.split(' ');
  return JSON.parse(await runOn(cores, process.execPath, [...words, queries]));
}

/** Runs dnsperf, and a second one that samples latencies if requested. */
async function manyAtOnce({ queries, window, tcp, sampled, ...options }: LoadOptions): Promise<Found> {
  const { clients = tcp ? TCP_CONNECTIONS : Math.min(UDP_SOCKETS, window) } = options;
  const [stdout, latencies] = await Promise.all([
    dnsperf(`-q ${window} -c ${clients}`, { ...options, tcp }, queries),
    sampled === undefined ? '' : dnsperf(`-v -Q ${SAMPLES_PER_SECOND} -q 1 -c 1`, { ...options, tcp }, sampled),
  ]);
  const found = parseDnsperf(stdout);
  const samples = parseLatencies(latencies);
  return { ...found, completed: found.completed + samples.length, samples };
}

/** The output of dnsperf. */
async function dnsperf(
  words: string,
  { port, tcp, seconds, cores = '1' }: Pick<LoadOptions, 'port' | 'tcp' | 'seconds' | 'cores'>,
  queries: string,
): Promise<string> {
  const all = `-s 127.0.0.1 -p ${port} -m ${tcp ? 'tcp' : 'udp'} ${words} -l ${seconds} -t 2 -d`;
  return runOn(cores, 'dnsperf', [...all.split(' '), queries]);
}

/** The output of a program that runs on these cores. @throws Error if it fails */
async function runOn(cores: string, program: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run('taskset', ['-c', cores, program, ...args], { timeoutMs: 600_000 });
  if (code !== 0) throw new Error(`${program} ended with status ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** Reads the lines `> RCODE NAME TYPE SECONDS` that dnsperf prints of each query when it is told to. */
function parseLatencies(text: string): number[] {
  return [...text.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm)].map(([, seconds]) => Number(seconds) * 1000);
}

/** Reads the statistics that dnsperf prints at its end. */
function parseDnsperf(text: string): Omit<Found, 'samples'> {
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  return {
    completed: number(/Queries completed:\s+(\d+)/),
    lost: number(/Queries lost:\s+(\d+)/),
    queriesPerSecond: number(/Queries per second:\s+([\d.]+)/),
    latency: {
      average: number(/Average Latency \(s\):\s+([\d.]+)/) * 1000,
      max: number(/Average Latency.*max ([\d.]+)/) * 1000,
    },
    replySize: number(/Average packet size:.*response (\d+)/),
    rcodes: [...(/Response codes:(.*)/.exec(text)?.[1] ?? '').matchAll(/([A-Z]+) \d+/g)].map((match) => match[1]!),
  };
}

/** Writes queries into a file of the folder, for dnsperf. */
export function writeQueries(folder: string, id: string, lines: readonly string[]): string {
  const file = join(folder, `${id}.queries`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}
