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

Requests the health page of a server and prints it. The exit status is 0 if the HTTP status is 200, else 1. This is for
the health check of a container that has no HTTP client.

  ADDRESS   the address after "health" in the Corefile (default: :8080)
  PAGE      another page, such as "ready", with the address after "ready" (default: health)
`;

/** `cairn health`: requests the health page of a server. */
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

/** Reads the argument. An address that stands for all addresses of the machine becomes the loopback address. */
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
    }).on('error', (error) => reject(signal.aborted ? new Error(`no response within ${TIMEOUT_MS / 1000} s`) : error));
  });
}
