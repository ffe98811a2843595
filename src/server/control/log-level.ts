import type { LogLevelRequest } from '../../admin/protocol/index.ts';
import type { Timer } from '../../observe/clock.ts';
import type { LogLevel } from '../../observe/log.ts';
import type { Controlled } from './controlled.ts';

/** Changes the level of the log, for good or for some time. */
export class LogLevelControl {
  private readonly server: Controlled;
  /** Ends the level that is for some time. */
  private timer: Timer | undefined;
  /** The level after that time. */
  private lasting: LogLevel;

  constructor(server: Controlled) {
    this.server = server;
    this.lasting = server.logLevel.level;
  }

  set({ level, seconds }: LogLevelRequest): void {
    this.timer?.cancel();
    this.timer = undefined;
    if (seconds === undefined) this.lasting = level;
    // Unlike `after`, this keeps no process alive.
    else this.timer = this.server.clock.every(seconds * 1000, () => this.end());
    this.change(level);
  }

  private end(): void {
    const { log } = this.server;
    this.timer?.cancel();
    this.timer = undefined;
    const tell = () => log.info(`the log level is ${this.lasting} again`);
    // Told while such lines are logged.
    const isHidden = !log.logs('info');
    if (!isHidden) tell();
    this.change(this.lasting);
    if (isHidden) tell();
  }

  private change(level: LogLevel): void {
    const { log, logLevel, ports, listeners } = this.server;
    const wasHidden = !log.logs('info');
    logLevel.level = level;
    // Worker threads may have recipes of blocks with `log` only while its lines are hidden; a hand-over makes all recipes invalid.
    if (wasHidden && log.logs('info')) void ports?.sockets.handOver(listeners);
  }
}
