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
  readonly corefileHash: string;
  reload(): Promise<ReloadResult>;
}
