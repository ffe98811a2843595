import { fork } from 'node:child_process';
import { resolve } from 'node:path';
import { nextMessage } from './upstream.ts';

/** The victim's queries, each at a steady rate. */
export interface Asks {
  readonly port: number;
  readonly seconds: number;
  /** Names to ask for, one after the other; each must have an address. */
  readonly cluster: readonly string[];
  /** A zone outside of the cluster. The victim asks for new names in it, or for the same name as the attacker. */
  readonly outside: { readonly zone: string; readonly names: 'fresh' | 'shared' } | undefined;
  /** Pages that are fetched like a kubelet's probes: each time over a new connection, with a time limit of a second. */
  readonly pages: readonly string[];
}

/** The results of the queries of one kind. */
export interface Seen {
  readonly asked: number;
  readonly failed: number;
  /** In milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** The failures by kind, the most frequent first. */
  readonly why: string;
}

export interface VictimReport {
  readonly cluster: Seen;
  readonly outside: Seen | undefined;
  readonly pages: Seen | undefined;
}

/** Runs the victim in a separate process for the time that `asks` gives. */
export async function runVictim(asks: Asks): Promise<VictimReport> {
  const child = fork(resolve(import.meta.dirname, 'victim-process.ts'), [JSON.stringify(asks)], {
    execArgv: [],
    serialization: 'advanced',
  });
  return nextMessage(child);
}
