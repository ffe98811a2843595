import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Asking } from './asking.ts';
import { firstLine, type Machine } from './machine.ts';
import { DNS_ADDRESS } from './world.ts';

/** Lets clients on a machine ask the cluster's DNS, or another one, for names again and again, until the function that it returns is called: that tells what came. */
export async function askContinuously(
  client: Machine,
  names: readonly string[],
  address = DNS_ADDRESS,
): Promise<() => Promise<Asking>> {
  const program = client.start([process.execPath, join(import.meta.dirname, 'asking.ts'), address, ...names]);
  const printed = text(program.stdout);
  await firstLine(program, 'the clients');
  return async () => {
    program.stdin.end();
    return JSON.parse((await printed).split('\n')[1]!);
  };
}
