import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { messageOf } from '../base/errors.ts';
import { parseListenAddress } from '../net/pages/http.ts';
import { printable } from '../observe/printable.ts';
import { UsageError } from './usage.ts';

const TIMEOUT_MS = 2000;
const LOOPBACKS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** `cairn health`: requests the health page of a server. The result is the exit status. */
export async function health(argument = ':8080'): Promise<number> {
  const target = parseTarget(argument);
  try {
    const { status, body } = await fetchPage(target);
    process.stdout.write(printable(`${body}\n`));
    return status === 200 ? 0 : 1;
  } catch (error) {
    process.stderr.write(printable(`${argument}: ${messageOf(error)}\n`));
    return 1;
  }
}

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
    throw new UsageError(messageOf(error), undefined, { cause: error });
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
