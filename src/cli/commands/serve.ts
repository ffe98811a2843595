/*
 * The definitions of the commands: their arguments and flags, without what they do. Begin with serve.ts, which has the flags of the server;
 * program.ts puts the commands together. Nothing here is loaded that only one command needs, since each start reads the definitions.
 */

import { Option } from '@commander-js/extra-typings';
import { LOG_LEVELS } from '../../observe/log.ts';
import { MAX_THREADS } from '../../plugin/plugin.ts';
import { addExamples, choice, collect, define } from '../define.ts';
import { UsageError } from '../usage.ts';

const FORMAT_HELP = 'how the log is written, errors at start included; json has one object a line';
const LEVEL_HELP = 'hide less severe lines, except those of server blocks with debug';

/** `cairn`, `cairn serve`. The flags are CoreDNS's. */
export function defineServe() {
  const command = define('serve', '[flags]')
    .summary('serve DNS (default)')
    .description('Serves DNS, as a Corefile says. Each flag may have one dash or two.')
    .optionsGroup('Flags of the server:')
    .option('--conf <FILE>', 'the Corefile; "-" reads standard input (default: ./Corefile, else one with whoami)')
    .option('-p, --dns.port <N>', 'the port of server block keys without one (default: 53)', readPort)
    .option('--plugin <PACKAGE>', 'load the plugin of a package, or of a folder such as ./plugin; repeatable', collect)
    .option('--workers <N>', 'threads that serve UDP of each listener without multisocket (default: 1)', readWorkers)
    .option('--reuseport', 'share the ports with other processes with this flag, so that one can take over')
    .option('--pidfile <FILE>', 'write the process ID to this file')
    .option('--quiet', 'print no banner at start')
    .addOption(choice('--log-format <FORMAT>', FORMAT_HELP, ['text', 'json'], '-log-format').default('text', 'text'))
    .addOption(choice('--log-level <LEVEL>', LEVEL_HELP, LOG_LEVELS, '-log-level').default('info', 'info'))
    .optionsGroup('Information:')
    .option('--plugins', 'list the plugins and exit')
    .option('-v, --version', 'print the version and exit')
    .addHelpOption(new Option('-h, --help', 'print help and exit').helpGroup('Information:'));
  addExamples(command, [
    { line: 'cairn -conf Corefile -dns.port 1053', effect: 'serves a Corefile on a port that needs no rights' },
    { line: 'cairn -conf - <Corefile', effect: 'reads the Corefile from standard input' },
  ]);
  return command;
}

export function readPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError(`"${text}" is not a port`, '-dns.port takes a number from 0 to 65535');
}

function readWorkers(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_THREADS) return count;
  throw new UsageError(`"${text}" is not a number of threads`, `-workers takes a number from 1 to ${MAX_THREADS}`);
}

/** What the command line says, as the library has read it. */
export type ServeValues = ReturnType<ReturnType<typeof defineServe>['opts']>;
