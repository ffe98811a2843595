import type { ListenOptions, Server } from 'node:net';
import { CairnError, messageOf, systemCodeOf } from '../base/errors.ts';
import { type ListenTarget, printPeer } from './transport.ts';

/** Whether the error says that the machine has no IPv6, or has it switched off. */
export function isFamilyMissing(thrown: unknown): boolean {
  return ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT'].includes(systemCodeOf(thrown) ?? '');
}

/** The error that says why listening failed, and what would help. */
export function listenError(protocol: 'UDP' | 'TCP', target: ListenTarget, cause: unknown): CairnError {
  const { address = '', port } = target;
  const where = `${protocol} ${printPeer({ address, port })}`;
  switch (systemCodeOf(cause)) {
    case 'EADDRINUSE':
      return new CairnError(
        'EADDRINUSE',
        `cannot listen on ${where}: it is already in use; stop the program that has it, or choose another address or port`,
        { cause },
      );
    case 'EACCES':
      return new CairnError(
        'EACCES',
        `cannot listen on ${where}: permission denied; ports below 1024 need root or the capability NET_BIND_SERVICE`,
        { cause },
      );
    case 'EADDRNOTAVAIL':
      return new CairnError(
        'EADDRNOTAVAIL',
        `cannot listen on ${where}: this machine does not have that address, or not yet`,
        { cause },
      );
    default:
      return new CairnError('LISTEN', `cannot listen on ${where}: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Starts a TCP server and returns its port. For every address of the machine, the socket serves both families, or only IPv4 if there is no IPv6.
 *
 * @throws CairnError (as a rejection) that says why not.
 */
export async function listenTcp(server: Server, target: ListenTarget): Promise<number> {
  const { port, address = '::' } = target;
  try {
    await listening(server, tcpOptions(address, port));
  } catch (thrown) {
    if (address !== '::' || !isFamilyMissing(thrown)) throw listenError('TCP', target, thrown);
    await listening(server, tcpOptions('0.0.0.0', port)).catch((error: unknown) => {
      throw listenError('TCP', target, error);
    });
  }
  const bound = server.address();
  return typeof bound === 'object' && bound ? bound.port : port;
}

function tcpOptions(host: string, port: number): ListenOptions {
  return { host, port, exclusive: true };
}

/** Settles when the server listens, or rejects with the system's error. */
export function listening(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
