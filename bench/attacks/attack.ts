import type { Target } from './target.ts';
import type { Upstream } from './upstream.ts';
import type { Asks } from './victim.ts';

/** What an attack may use. */
export interface Scene {
  readonly target: Target;
  readonly upstream: Upstream;
  /** How long it takes; it ends by itself. */
  readonly seconds: number;
}

/** The result of an attack, besides what its victim saw. */
export interface Attacked {
  /** What the attacker did and saw, in a few words. */
  readonly note: string;
  /** Limits of this row that were exceeded. */
  readonly broken?: readonly string[];
}

/** How to start the server for an attack. */
export interface Setup {
  /** Extra lines of the server block. */
  readonly lines?: string;
  /** The value for `forward`, 0 for none; 1000 by default, as in kubeadm. */
  readonly maxConcurrent?: number;
  /** Whether there is a block for DNS over HTTPS. */
  readonly https?: boolean;
  /** Whether the cluster has a headless service with 20,000 endpoints. */
  readonly bigService?: boolean;
  /** Flags for Cairn, such as `-workers 2`; other servers get none. */
  readonly flags?: readonly string[];
  /** The maximum number of open files of the server. */
  readonly maxFiles?: number;
}

/** One attack: a row of the report. */
export interface Attack {
  /** The name for `--rows`; attacks of one kind begin with the same word. */
  readonly id: string;
  /** What the attack does, and how often. */
  readonly title: string;
  readonly setup?: Setup;
  /** What the victim asks for besides names of the cluster. */
  readonly asks?: Partial<Asks>;
  /**
   * Whether the attack is more than a core can handle: some queries are then lost before the server reads them, and a short run does not check how
   * many.
   */
  readonly isOverload?: boolean;
  /** Left out of short runs. */
  readonly long?: boolean;
  /** Only for Cairn, as it is about files or flags that others do not have. */
  readonly own?: boolean;
  run(scene: Scene): Promise<Attacked>;
}

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
