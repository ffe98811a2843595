import { messageOf } from '../base/errors.ts';
import { CorefileErrors } from '../corefile/error.ts';
import { diskFiles } from '../corefile/files.ts';
import { createLogger, jsonSink, type Logger, LogThreshold, processSink } from '../observe/log.ts';
import { printable } from '../observe/printable.ts';
import { corefileSource } from '../server/configuration/corefile-source.ts';
import type { ListeningAddress } from '../server/listeners/sockets.ts';
import { Server } from '../server/server.ts';
import { versionText } from '../version.ts';
import { yieldToQueries } from './background-threads.ts';
import type { ServeValues } from './commands/serve.ts';
import { type CorefileInput, findCorefile } from './corefile-input.ts';
import { releaseFreeMemory, releaseStartMemory } from './free-memory.ts';
import { logNodeReports } from './node-reports.ts';
import { type Pidfile, writePidfile } from './pidfile.ts';
import { pluginsFor } from './plugins.ts';
import { handleSignals } from './signals.ts';

const EXIT_ERROR = 1;
/** How long V8's threads may compete with queries after the start: until most of the code is compiled. */
const COMPILING_MS = 5000;

const DNS_PORT = 53;

/** Serves DNS until a signal ends it. @throws the error that keeps the server from starting, unless it is logged as JSON. */
export async function serve(flags: ServeValues): Promise<void> {
  const { logFormat } = flags;
  const logLevel = new LogThreshold(flags.logLevel);
  const sink = logFormat === 'json' ? jsonSink : processSink;
  const log = createLogger(sink, { level: logLevel });
  let server: Server | undefined;
  let written: Pidfile | undefined;
  const removePidfile = () => written?.remove();
  const die = (message: string) => {
    log.fatal(message);
    removePidfile();
    process.exit(EXIT_ERROR);
  };
  handleSignals(() => server, log, removePidfile);
  logNodeReports(log, die);
  setTimeout(yieldToQueries, COMPILING_MS).unref();
  try {
    const { conf, 'dns.port': dnsPort = DNS_PORT, workers = 1, reuseport = false, pidfile, quiet } = flags;
    const plugins = await pluginsFor(flags.plugin);
    const input = await findCorefile(conf);
    const examples = examplesIn(input);
    server = new Server({
      source: corefileSource({ ...input, plugins, dnsPort }),
      sink,
      logLevel,
      threads: workers,
      reusePort: reuseport,
      onFatal: die,
    });
    await server.start();
    await releaseStartMemory();
    await releaseFreeMemory();
    if (pidfile !== undefined) written = writePidfile(pidfile, log);
    if (!quiet) announce(banner(server.listening) + examples, logFormat, log);
  } catch (error) {
    if (logFormat === 'text') throw error;
    for (const message of messagesOf(error)) log.fatal(message);
    process.exit(EXIT_ERROR);
  }
}

/** One message for each mistake in the Corefile. */
function messagesOf(error: unknown): readonly string[] {
  return error instanceof CorefileErrors ? error.errors.map(({ message }) => message) : [messageOf(error)];
}

/** Prints what the server does now; in a log of JSON, each line is an object, too. */
function announce(text: string, format: ServeValues['logFormat'], log: Logger): void {
  if (format === 'text') process.stdout.write(printable(text));
  else for (const line of text.trimEnd().split('\n')) log.info(line.trim());
}

/** As CoreDNS prints it: each zone with its port, then the version. */
function banner(listening: readonly ListeningAddress[]): string {
  const lines = listening.flatMap(({ transport, address, port, zones }) =>
    zones.map(
      (zone) =>
        `${transport === 'dns' ? '' : `${transport}://`}${zone}:${port}${address === undefined ? '' : ` on ${address}`}\n`,
    ),
  );
  return lines.join('') + versionText();
}

/** The commands that comments of the form `# try: COMMAND` propose. */
function examplesIn({ file, text = diskFiles.read(file).text }: CorefileInput): string {
  const commands = [...text.matchAll(/^\s*# try: (.*)$/gm)].map(([, command]) => `  ${command}\n`);
  return commands.length > 0 ? `Try:\n${commands.join('')}` : '';
}
