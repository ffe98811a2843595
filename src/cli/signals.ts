import { messageOf } from '../base/errors.ts';
import type { Logger } from '../observe/log.ts';
import { type Server, ShutdownError } from '../server/server.ts';

const EXIT_OK = 0;
const EXIT_IMPATIENT = 2;
const EXIT_STOP_FAILED = 3;
const EXIT_DUTY_FAILED = 4;

/** Handles CoreDNS's signals from now on, even before there is a server. `ended` runs just before the process ends. */
export function handleSignals(server: () => Server | undefined, log: Logger, ended: () => void): void {
  const end = async () => {
    const running = server();
    // Before the server listens, there is nothing to wait for.
    const code = running === undefined || running.listening.length === 0 ? EXIT_OK : await shutdown(running, log);
    ended();
    process.exit(code);
  };
  let interrupted = false;
  process.on('SIGTERM', () => {
    log.info('SIGTERM: Shutting down servers then terminating');
    void end();
  });
  process.on('SIGINT', () => {
    if (interrupted) process.exit(EXIT_IMPATIENT);
    interrupted = true;
    log.info('SIGINT: Shutting down');
    void end();
  });
  process.on('SIGQUIT', () => {
    log.info('SIGQUIT: Quitting process immediately');
    process.exit(EXIT_OK);
  });
  process.on('SIGUSR1', () => {
    log.info('SIGUSR1: Reloading');
    void server()?.reload();
  });
  process.on('SIGHUP', () => {});
  process.on('SIGUSR2', () => {});
}

async function shutdown(server: Server, log: Logger): Promise<number> {
  try {
    await server.shutdown();
    return EXIT_OK;
  } catch (error) {
    log.error(messageOf(error));
    return error instanceof ShutdownError ? EXIT_DUTY_FAILED : EXIT_STOP_FAILED;
  }
}
