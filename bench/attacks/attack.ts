import type { Target } from './target.ts';
import type { Upstream } from './upstream.ts';
import type { Asks } from './victim.ts';

/** What an attack may use. */
export interface Scene {
  readonly target: Target;
  readonly upstream: Upstream;
  /** How long it goes on; it ends by itself. */
  readonly seconds: number;
}

/** What a run of an attack came to, beside what its victim saw. */
export interface Attacked {
  /** What the attacker did and saw, in a few words. */
  readonly note: string;
  /** Limits of the row's own that were not held. */
  readonly broken?: readonly string[];
}

/** How the server must be started for an attack. */
export interface Setup {
  /** Lines of the server block, beside those of every Corefile here. */
  readonly lines?: string;
  /** What `forward` says of it, 0 for nothing; 1000, as kubeadm does, by default. */
  readonly maxConcurrent?: number;
  /** Whether there is a block for DNS over HTTPS. */
  readonly https?: boolean;
  /** Whether the cluster has a headless service with 20,000 endpoints. */
  readonly bigService?: boolean;
  /** Flags of Cairn's, `-workers 2`; a server that does not know them does without. */
  readonly flags?: readonly string[];
  /** The most files that the server may have open. */
  readonly maxFiles?: number;
}

/** One attack: a row of the report. */
export interface Attack {
  /** What `--rows` calls it; those of one kind begin with the same word. */
  readonly id: string;
  /** What is done, and how often. */
  readonly title: string;
  readonly setup?: Setup;
  /** What the victim asks beside names of the cluster. */
  readonly asks?: Partial<Asks>;
  /** More than a core has time for: some questions are lost on the way to it, and a short run, on whatever machine, holds nobody to how many. */
  readonly isOverload?: boolean;
  /** Left out of short runs. */
  readonly long?: boolean;
  /** Made only against Cairn: it is about files or flags that others have not. */
  readonly own?: boolean;
  run(scene: Scene): Promise<Attacked>;
}

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
