import { messageOf } from '../base/errors.ts';
import type { Logger } from '../observe/log.ts';
import type { ShutdownOptions } from '../plugin/plugin.ts';
import { type Server, ShutdownError } from '../server/server.ts';

const EXIT_OK = 0;
const EXIT_IMPATIENT = 2;
const EXIT_STOP_FAILED = 3;
const EXIT_DUTY_FAILED = 4;

/** Handles CoreDNS's signals from now on, even before there is a server. `ended` runs just before the process ends. */
export function handleSignals(server: () => Server | undefined, log: Logger, ended: () => void): void {
  let isEnding = false;
  const exit = (code: number): never => {
    ended();
    process.exit(code);
  };
  const end = async (options: ShutdownOptions) => {
    isEnding = true;
    const running = server();
    // Before the server listens, there is nothing to wait for.
    const isServing = running !== undefined && running.listening.length > 0;
    const code = isServing ? await shutdown(running, options, log) : EXIT_OK;
    exit(code);
  };
  process.on('SIGTERM', () => {
    log.info('SIGTERM: Shutting down servers then terminating');
    void end({ lameduck: true });
  });
  // Someone waits at a terminal.
  process.on('SIGINT', () => {
    if (isEnding) exit(EXIT_IMPATIENT);
    log.info('SIGINT: Shutting down');
    void end({ lameduck: false });
  });
  process.on('SIGQUIT', () => {
    log.info('SIGQUIT: Quitting process immediately');
    exit(EXIT_OK);
  });
  process.on('SIGUSR1', () => {
    log.info('SIGUSR1: Reloading');
    void server()?.reload();
  });
  process.on('SIGHUP', () => {});
  process.on('SIGUSR2', () => {});
}

async function shutdown(server: Server, options: ShutdownOptions, log: Logger): Promise<number> {
  try {
    await server.shutdown(options);
    return EXIT_OK;
  } catch (error) {
    log.error(messageOf(error));
    return error instanceof ShutdownError ? EXIT_DUTY_FAILED : EXIT_STOP_FAILED;
  }
}
