import { once } from 'node:events';
import type { Server } from 'node:net';
import { CairnError } from '../../base/errors.ts';
import { listenError } from '../listen.ts';
import { loadMachinery } from '../native/batched-udp.ts';
import { leaveConnections, openStreamSocket } from '../native/socket.ts';
import type { ListenTarget } from '../transport.ts';

/** A server that listens on a port which other processes may have, too. */
interface SharedListening {
  readonly port: number;
  /** Makes the kernel give new connections to the process that opened the port next. Connections that already wait here must still be accepted. */
  leave(): void;
}

/** The error on systems where ports cannot be shared. */
export function noSharing(): CairnError {
  return new CairnError(
    'REUSEPORT',
    'only Linux on x64 or arm64, with the package koffi and batched UDP, can share a port between processes',
  );
}

/** As `listenTcp`, but other processes that share ports may listen on the same port. @throws CairnError (as a rejection) that says why not. */
export async function listenShared(server: Server, target: ListenTarget): Promise<SharedListening> {
  const machinery = await loadMachinery();
  if (!machinery) throw noSharing();
  const { kernel } = machinery;
  const { fd, port } = openStreamSocket(kernel, { ...target, reusePort: true });
  try {
    server.listen({ fd, exclusive: true });
    await once(server, 'listening');
  } catch (thrown) {
    kernel.close(fd);
    throw listenError('TCP', target, thrown);
  }
  return { port, leave: () => leaveConnections(kernel, fd) };
}
