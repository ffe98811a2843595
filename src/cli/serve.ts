import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import { createLogger, type Logger, processSink } from '../observe/log.ts';
import { plugins } from '../plugins.ts';
import { corefileSource } from '../server/corefile-source.ts';
import { type Listening, Server, ShutdownError } from '../server/server.ts';
import { type CorefileInput, findCorefile } from './corefile-input.ts';
import type { Flags } from './flags.ts';
import { VERSION, versionText } from './version.ts';

const EXIT_OK = 0;
const EXIT_ERROR = 1;
const EXIT_IMPATIENT = 2;
const EXIT_STOP_FAILED = 3;
const EXIT_DUTY_FAILED = 4;

/** Serves DNS until a signal ends it. @throws whatever keeps the server from starting. */
export async function serve(flags: Flags): Promise<void> {
  const log = createLogger(processSink);
  const input = findCorefile(flags.conf);
  const source = corefileSource({ file: input.file, text: input.text, plugins, dnsPort: flags.dnsPort });
  const onFatal = (message: string) => {
    log.fatal(message);
    process.exit(EXIT_ERROR);
  };
  const server = new Server({ source, onFatal });
  server.metrics
    .gauge('coredns_build_info', 'A metric with a constant 1 value labeled by version and the runtime.', BUILD_LABELS)
    .cell(VERSION, '', process.version).value = 1;
  await server.start();
  handleSignals(server, flags.pidfile, log);
  if (flags.pidfile !== undefined) writePidfile(flags.pidfile, log);
  if (!flags.quiet) process.stdout.write(banner(server.listening, input));
}

const BUILD_LABELS = ['version', 'revision', 'goversion'];

/** As CoreDNS does: each zone with its port, then what serves it; at the end what the Corefile says to try. */
function banner(listening: readonly Listening[], input: CorefileInput): string {
  const lines = listening.flatMap(({ address, port, zones }) =>
    zones.map((zone) => `${zone}:${port}${address === undefined ? '' : ` on ${address}`}\n`),
  );
  const text = input.text ?? readFileSync(input.file, 'utf8');
  const examples = [...text.matchAll(/^\s*# try: (.*)$/gm)].map(([, command]) => `  ${command}\n`);
  return [...lines, versionText(), ...(examples.length > 0 ? ['Try:\n', ...examples] : [])].join('');
}

/** DNS is worth more than the file. */
function writePidfile(path: string, log: Logger): void {
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (error) {
    log.error(`Could not write pidfile: ${messageOf(error)}`);
  }
}

function handleSignals(server: Server, pidfile: string | undefined, log: Logger): void {
  const end = async (code: number) => {
    const done = await server.shutdown().then(
      () => code,
      (error) => {
        log.error(messageOf(error));
        return error instanceof ShutdownError ? EXIT_DUTY_FAILED : EXIT_STOP_FAILED;
      },
    );
    if (pidfile !== undefined) rmSync(pidfile, { force: true });
    process.exit(done);
  };
  let interrupted = false;
  process.on('SIGTERM', () => {
    log.info('SIGTERM: Shutting down servers then terminating');
    void end(EXIT_OK);
  });
  process.on('SIGINT', () => {
    if (interrupted) process.exit(EXIT_IMPATIENT);
    interrupted = true;
    log.info('SIGINT: Shutting down');
    void end(EXIT_OK);
  });
  process.on('SIGQUIT', () => {
    log.info('SIGQUIT: Quitting process immediately');
    process.exit(EXIT_OK);
  });
  process.on('SIGUSR1', () => {
    log.info('SIGUSR1: Reloading');
    void server.reload();
  });
  process.on('SIGHUP', () => {});
  process.on('SIGUSR2', () => {});
}
