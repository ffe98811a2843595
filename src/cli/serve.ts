import { diskFiles } from '../corefile/files.ts';
import { createLogger, processSink } from '../observe/log.ts';
import { printable } from '../observe/printable.ts';
import { corefileSource } from '../server/configuration/corefile-source.ts';
import type { ListeningAddress } from '../server/listeners/sockets.ts';
import { Server } from '../server/server.ts';
import { versionText } from '../version.ts';
import type { ServeValues } from './commands/serve.ts';
import { type CorefileInput, findCorefile } from './corefile-input.ts';
import { type Pidfile, writePidfile } from './pidfile.ts';
import { pluginsFor } from './plugins.ts';
import { handleSignals } from './signals.ts';
import { releaseStartMemory } from './start-memory.ts';

const EXIT_ERROR = 1;

const DNS_PORT = 53;

/** Serves DNS until a signal ends it. @throws the error that keeps the server from starting. */
export async function serve(flags: ServeValues): Promise<void> {
  const { conf, 'dns.port': dnsPort = DNS_PORT, workers = 1, reuseport = false, pidfile, quiet } = flags;
  const log = createLogger(processSink);
  let server: Server | undefined;
  let written: Pidfile | undefined;
  handleSignals(
    () => server,
    log,
    () => written?.remove(),
  );
  const plugins = await pluginsFor(flags.plugin);
  const input = await findCorefile(conf);
  const examples = examplesIn(input);
  server = new Server({
    source: corefileSource({ ...input, plugins, dnsPort }),
    threads: workers,
    reusePort: reuseport,
    onFatal(message) {
      log.fatal(message);
      written?.remove();
      process.exit(EXIT_ERROR);
    },
  });
  await server.start();
  await releaseStartMemory();
  if (pidfile !== undefined) written = writePidfile(pidfile, log);
  if (!quiet) process.stdout.write(printable(banner(server.listening) + examples));
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
