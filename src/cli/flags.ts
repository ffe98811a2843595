import { parseArgs } from 'node:util';
import { CairnError, messageOf } from '../base/errors.ts';
import { MAX_THREADS } from '../plugin/plugin.ts';

/** The command line cannot be read. The exit status is then 2, as with CoreDNS. */
export class UsageError extends CairnError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('USAGE', message, options);
  }
}

/** What the command line says; the names are CoreDNS's. */
export interface Flags {
  /** A path, or `-` or `stdin` for standard input; undefined for `Corefile` in the working directory. */
  readonly conf: string | undefined;
  /** The port of server block keys that name none. */
  readonly dnsPort: number;
  /** How many threads serve the UDP sockets of a listener without `multisocket`. */
  readonly workers: number;
  readonly pidfile: string | undefined;
  /** Whether other processes may have the same ports. */
  readonly reuseport: boolean;
  /** Packages or folders of plugins to load. */
  readonly plugin: readonly string[];
  readonly plugins: boolean;
  readonly quiet: boolean;
  readonly version: boolean;
  readonly help: boolean;
  readonly positionals: readonly string[];
}

/** Reads the flags; each may have one dash or two, and `-flag=value` is `-flag value`. @throws UsageError */
export function parseFlags(args: readonly string[]): Flags {
  try {
    const { values, positionals } = parseArgs({
      args: args.flatMap(normalizeFlag),
      allowPositionals: true,
      options: {
        conf: { type: 'string' },
        'dns.port': { type: 'string', short: 'p' },
        pidfile: { type: 'string' },
        workers: { type: 'string' },
        reuseport: { type: 'boolean', default: false },
        plugin: { type: 'string', multiple: true, default: [] },
        plugins: { type: 'boolean', default: false },
        quiet: { type: 'boolean', default: false },
        version: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { conf, pidfile, reuseport, plugin, plugins, quiet, version, help } = values;
    return {
      conf,
      dnsPort: parsePort(values['dns.port'] ?? '53'),
      workers: parseWorkers(values.workers ?? '1'),
      pidfile,
      reuseport,
      plugin,
      plugins,
      quiet,
      version,
      help,
      positionals,
    };
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

/** Turns one dash into two. A switch may have a value, as in `-quiet=true`; with `false` it is left out. */
function normalizeFlag(arg: string): string[] {
  const flag = /^-[a-z]{2}/.test(arg) ? `-${arg}` : arg;
  const [, name, value] = /^(--(?:reuseport|plugins|quiet|version|help))=(.*)$/.exec(flag) ?? [];
  if (name === undefined) return [flag];
  if (['true', '1', 't', 'T', 'TRUE', 'True'].includes(value!)) return [name];
  if (['false', '0', 'f', 'F', 'FALSE', 'False'].includes(value!)) return [];
  throw new Error(`invalid boolean value "${value}" for ${name.slice(1)}: write true or false`);
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535)
    throw new Error(`-dns.port takes a port from 0 to 65535, not "${text}"`);
  return Number(text);
}

function parseWorkers(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MAX_THREADS)
    throw new Error(`-workers takes a number from 1 to ${MAX_THREADS}, not "${text}"`);
  return count;
}

export const USAGE = `Usage:
  cairn [flags]                 serve DNS
  cairn check [Corefile]        report every error and warning of a Corefile, without starting anything
  cairn lookup NAME [TYPE]      look a name up as a pod would
  cairn run -- COMMAND          run a program with the DNS of a pod (Linux)
  cairn env                     print the environment variables for services that a pod would be given
  cairn health [ADDRESS]        request a server's health page
  cairn help [COMMAND]          print this, or the help of "lookup", "run", "env" or "health"

Flags of the server (one dash or two):
  -conf FILE      the Corefile; "-" reads standard input (default: ./Corefile, else a built-in one with whoami)
  -dns.port N     the port of server block keys without one (default 53); also -p
  -pidfile FILE   write the process ID to this file
  -workers N      threads that serve UDP of each listener whose blocks have no multisocket (default 1)
  -reuseport      let other processes with this flag serve the same ports, so that one can take over from another without a gap
  -plugin NAME    load the plugin of a package, or of a folder such as ./plugin; may be given several times (see also CAIRN_PLUGINS)
  -plugins        list the plugins and exit
  -quiet          print no banner at start
  -version        print the version and exit
  -help           print this and exit; also -h
`;
