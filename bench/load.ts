import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../test/support/tools.ts';
import { cpuSeconds } from './server.ts';

/** What one run of dnsperf against one server came to. */
export interface Load {
  readonly completed: number;
  readonly lost: number;
  readonly queriesPerSecond: number;
  /** User and system time of the server's process, in seconds. */
  readonly cpuSeconds: number;
  /** In milliseconds. */
  readonly latency: { readonly average: number; readonly deviation: number; readonly max: number };
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
  /** How many queries are outstanding at most. */
  readonly window: number;
  readonly seconds: number;
  /** How many sockets it asks from; by default what suits the protocol. */
  readonly clients?: number;
  /** Where dnsperf runs; the second core by default. */
  readonly cores?: string;
}

const TCP_CONNECTIONS = 50;
const UDP_SOCKETS = 10;

/** Runs dnsperf, and says what it and the server's process counted. */
export async function load({ port, pid, queries, tcp, window, seconds, ...rest }: LoadOptions): Promise<Load> {
  const { clients = tcp ? TCP_CONNECTIONS : Math.min(UDP_SOCKETS, window), cores = '1' } = rest;
  const words = `-c ${cores} dnsperf -s 127.0.0.1 -p ${port} -m ${tcp ? 'tcp' : 'udp'} -q ${window} -c ${clients} -l ${seconds} -t 2 -d`;
  const before = cpuSeconds(pid);
  const { code, stdout, stderr } = await run('taskset', [...words.split(' '), queries], { timeoutMs: 600_000 });
  const cpu = cpuSeconds(pid) - before;
  if (code !== 0) throw new Error(`dnsperf ended with status ${code}: ${stderr}${stdout}`);
  return { ...parseDnsperf(stdout), cpuSeconds: cpu };
}

/** Reads the statistics that dnsperf prints at its end. */
function parseDnsperf(text: string): Omit<Load, 'cpuSeconds'> {
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  return {
    completed: number(/Queries completed:\s+(\d+)/),
    lost: number(/Queries lost:\s+(\d+)/),
    queriesPerSecond: number(/Queries per second:\s+([\d.]+)/),
    latency: {
      average: number(/Average Latency \(s\):\s+([\d.]+)/) * 1000,
      deviation: number(/Latency StdDev \(s\):\s+([\d.]+)/) * 1000,
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
