import type promises from 'node:dns/promises';
import { isIP } from 'node:net';
import { lookupError } from '../../resolver/error.ts';
import type { PodResolver } from '../pods.ts';

type LookupService = typeof promises.lookupService;

/** `lookupService` of a pod: the name of an address is the cluster's, the name of a port is the machine's. */
export function createLookupService(pod: PodResolver, before: LookupService): LookupService {
  return (address, port) => {
    // Node's own function says what is wrong.
    if (isIP(address) === 0) return before(address, port);
    const service = before('127.0.0.1', port);
    return Promise.all([service, nameOf(pod, address)]).then(([found, hostname]) => ({ ...found, hostname }));
  };
}

async function nameOf(pod: PodResolver, address: string): Promise<string> {
  const [name] = await pod.reverse(address).catch((error: Error) => {
    throw Object.assign(lookupError('ENOTFOUND', address, error.message), { syscall: 'getnameinfo' });
  });
  return name!;
}
