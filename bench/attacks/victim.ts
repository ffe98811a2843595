import { fork } from 'node:child_process';
import { resolve } from 'node:path';
import { nextMessage } from './upstream.ts';

/** What the victim asks, each at a steady rate. */
export interface Asks {
  readonly port: number;
  readonly seconds: number;
  /** Names that are asked in turn; each must have an address. */
  readonly cluster: readonly string[];
  /** A zone outside of the cluster: of its names, one that nobody has asked for yet, or the one that the attacker asks for now. */
  readonly outside: { readonly zone: string; readonly names: 'fresh' | 'shared' } | undefined;
  /** Pages that are fetched as a kubelet probes: each time with a new connection, and no later than after a second. */
  readonly pages: readonly string[];
}

/** What became of the questions of one kind. */
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

/** Asks as long as `asks` says, in a process of its own beside the attacker. */
export async function runVictim(asks: Asks): Promise<VictimReport> {
  const child = fork(resolve(import.meta.dirname, 'victim-process.ts'), [JSON.stringify(asks)], {
    execArgv: [],
    serialization: 'advanced',
  });
  return nextMessage(child);
}
