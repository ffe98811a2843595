import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { run } from '../test/support/tools.ts';

/** What a client saw. */
export interface Arrivals {
  readonly asked: number;
  /** Queries without a response. */
  readonly lost: number;
  /** From the moment at which a query was due to its response, in milliseconds. */
  readonly latencies: readonly number[];
  readonly rcodes: readonly string[];
}

/** The same with the CPU time of the server meanwhile. */
export interface SteadyLoad extends Arrivals {
  readonly cpuMicroseconds: number;
}

export interface SteadyOptions {
  readonly port: number;
  readonly pid: number;
  /** A file of lines `NAME TYPE`. */
  readonly queries: string;
  readonly tcp: boolean;
  readonly clients: number;
  /** Queries a second. */
  readonly rate: number;
  readonly seconds: number;
}

/** Asks a server at random moments, from the second core. What the server does between the queries counts, too. */
export async function steadyLoad({
  port,
  pid,
  queries,
  tcp,
  clients,
  rate,
  seconds,
}: SteadyOptions): Promise<SteadyLoad> {
  const program = resolve(import.meta.dirname, 'steady-client.ts');
  const words = [program, port, tcp ? 'tcp' : 'udp', clients, rate, seconds, queries].map(String);
  const before = cpuMicroseconds(pid);
  const { code, stdout, stderr } = await run('taskset', ['-c', '1', process.execPath, ...words], {
    timeoutMs: 600_000,
  });
  if (code !== 0) throw new Error(`the client ended with status ${code}: ${stderr}`);
  return { ...JSON.parse(stdout), cpuMicroseconds: cpuMicroseconds(pid) - before };
}

/** The CPU time of all threads of a process so far. The clock of /proc/PID/stat has steps of 10 ms, which are too long for low rates. */
export function cpuMicroseconds(pid: number): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const [running = ''] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return Number(running);
  });
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000;
}
