import type { ReloadResult } from '../../admin/protocol/index.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Logger, LogThreshold } from '../../observe/log.ts';
import type { Followers } from '../answer/followers.ts';
import type { Listener } from '../listeners/listener.ts';
import type { OpenPorts } from '../listeners/open-ports.ts';
import type { Instance } from '../reload/instance.ts';

/** What the control sees of the server. */
export interface Controlled {
  readonly clock: Clock;
  readonly followers: Followers;
  readonly log: Logger;
  readonly logLevel: LogThreshold;
  draining: boolean;
  readonly ports: OpenPorts | undefined;
  readonly instance: Instance | undefined;
  readonly listeners: readonly Listener[];
  /** In milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
  readonly corefileHash: string;
  /** When the Corefile that is served was loaded, in milliseconds since the Unix epoch. */
  readonly loadedAtMs: number;
  /** The last reload that failed since then. */
  readonly failedReload: FailedReload | undefined;
  reload(): Promise<ReloadResult>;
}

export interface FailedReload {
  readonly atMs: number;
  readonly error: string;
}
