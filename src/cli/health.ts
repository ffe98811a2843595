import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { messageOf } from '../base/errors.ts';
import { parseListenAddress } from '../net/pages/http.ts';
import { printable } from '../observe/printable.ts';
import { type Command, parseCommand } from './command.ts';
import { UsageError } from './flags.ts';

const TIMEOUT_MS = 2000;
const LOOPBACKS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

const USAGE = `Usage:
  cairn health [ADDRESS[/PAGE]]

Asks the health page of a server and prints what it says. The exit status is 0 if that is 200, else 1: what a container's
health check wants, where there is no other program to ask with.

  ADDRESS   as behind "health" in the Corefile (default: :8080)
  PAGE      such as "ready", with the address behind that (default: health)
`;

/** `cairn health`: asks a server how it is. */
export const health: Command = {
  usage: USAGE,

  async run(args) {
    const [argument = ':8080', ...more] = parseCommand(args, {}, USAGE).positionals;
    if (more.length > 0) throw new UsageError(`unexpected argument "${more[0]}"\n${USAGE}`);
    const target = parseTarget(argument);
    try {
      const { status, body } = await fetchPage(target);
      process.stdout.write(printable(`${body}\n`));
      return status === 200 ? 0 : 1;
    } catch (error) {
      process.stderr.write(printable(`${argument}: ${messageOf(error)}\n`));
      return 1;
    }
  },
};

interface Target {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** An address that stands for all addresses of the machine is asked at the loopback. */
function parseTarget(argument: string): Target {
  const [, listen = '', page = 'health'] = /^([^/]*)(?:\/(.*))?$/.exec(argument)!;
  try {
    const { address = '0.0.0.0', port } = parseListenAddress(listen);
    return { host: LOOPBACKS[address] ?? address, port, path: `/${page}` };
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n${USAGE}`, { cause: error });
  }
}

function fetchPage(target: Target): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    get({ ...target, agent: false, signal }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode!, body }), reject);
    }).on('error', (error) => reject(signal.aborted ? new Error(`no reply within ${TIMEOUT_MS / 1000} s`) : error));
  });
}
