import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type ListenOptions, type Server } from 'node:net';
import { isMainThread } from 'node:worker_threads';
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

/**
 * Starts a server at a path. A socket that nobody listens at any more, as a process left it that was killed, gives way. Closing the server removes
 * the file.
 *
 * @param isPrivate whether only the user of this process may connect
 * @throws CairnError (as a rejection) that says why not.
 */
export async function listenUnix(server: Server, path: string, isPrivate = false): Promise<void> {
  try {
    await listenAt(server, path, isPrivate).catch(async (thrown: unknown) => {
      if (systemCodeOf(thrown) !== 'EADDRINUSE' || !(await isAbandoned(path))) throw thrown;
      unlinkSync(path);
      await listenAt(server, path, isPrivate);
    });
  } catch (thrown) {
    throw unixError(path, thrown);
  }
}

function listenAt(server: Server, path: string, isPrivate: boolean): Promise<void> {
  // The file exists when `listen` returns. Only the main thread may change the mask; in another one, the file is private after a moment.
  const mask = isPrivate && isMainThread ? process.umask(0o177) : undefined;
  try {
    const listens = listening(server, { path });
    if (isPrivate && mask === undefined) return listens.then(() => chmodSync(path, 0o600));
    return listens;
  } finally {
    if (mask !== undefined) process.umask(mask);
  }
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}

function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const tell = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => tell(false));
    // Other files refuse connections, too.
    socket.on('error', (error) => tell(systemCodeOf(error) === 'ECONNREFUSED' && isSocket(path)));
  });
}

function unixError(path: string, cause: unknown): CairnError {
  const where = `cannot listen on ${path}`;
  switch (systemCodeOf(cause)) {
    case 'EADDRINUSE': {
      const why = isSocket(path) ? 'another program listens there' : 'the file is not a socket';
      return new CairnError('EADDRINUSE', `${where}: ${why}; choose another path`, { cause });
    }
    case 'EACCES':
      return new CairnError('EACCES', `${where}: permission denied, or there is no such folder`, { cause });
    default:
      return new CairnError('LISTEN', `${where}: ${messageOf(cause)}`, { cause });
  }
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
