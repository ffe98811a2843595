import { createSocket, type Socket } from 'node:dgram';
import { messageOf, systemCodeOf } from '../../base/errors.ts';
import { allAddresses } from '../addresses.ts';
import { isFamilyMissing, listenError } from '../listen.ts';
import type { ListenTarget, UdpOptions } from '../transport.ts';

/** How often a wildcard listener looks for addresses that came or went. */
export const INTERFACES_INTERVAL_MS = 5000;
/** How many addresses of the machine get their own socket; the wildcard sockets serve the others. */
const MAX_ADDRESS_SOCKETS = 256;

/** Both families need the same port, but the system picks it for one of them: how often it may pick again. */
const PORT_ATTEMPTS = 16;
/**
 * The size of a socket's buffer, which a burst may fill while the event loop is busy. The kernel limits it (net.core.rmem_max, net.core.wmem_max).
 */
const BUFFER_OCTETS = 4 * 1024 * 1024;

/** The sockets of one listener. */
interface UdpSockets {
  readonly port: number;
  close(): void;
}

/** Called with each new socket and the address it is bound to. */
type Serve = (socket: Socket, address: string) => void;

/**
 * Opens the sockets that one listener needs and hands each to `serve`.
 *
 * `node:dgram` does not tell which address a datagram was sent to, and cannot choose the source of a response. So listening on every address takes
 * one socket for each address of the machine, which sends its responses from there. Sockets are opened and closed as addresses come and go. Wildcard
 * sockets serve the other addresses, such as 127.0.0.2.
 *
 * @throws CairnError (as a rejection) when the address is in use or cannot be bound.
 */
export function udpSockets(options: UdpOptions, serve: Serve): Promise<UdpSockets> {
  const { address = '::' } = options;
  if (address === '::') return wildcardSockets(['0.0.0.0', '::'], options, serve);
  if (address === '0.0.0.0') return wildcardSockets(['0.0.0.0'], options, serve);
  return exactSocket(address, options, serve);
}

async function exactSocket(address: string, options: UdpOptions, serve: Serve): Promise<UdpSockets> {
  try {
    const socket = await bindSocket(address, options.port, { shared: false });
    serve(socket, address);
    return { port: socket.address().port, close: () => socket.close() };
  } catch (thrown) {
    throw listenError('UDP', options, thrown);
  }
}

async function wildcardSockets(wildcards: readonly string[], options: UdpOptions, serve: Serve): Promise<UdpSockets> {
  const { clock, log, addresses = allAddresses } = options;
  const { port, families } = await reservePort(wildcards, options);
  const sockets = new Map<string, Socket>();
  const failed = new Set<string>();
  let closed = false;

  const open = async (address: string): Promise<void> => {
    const socket = await bindSocket(address, port, { shared: true });
    if (closed) return void socket.close();
    sockets.set(address, socket);
    serve(socket, address);
  };
  const close = () => {
    closed = true;
    for (const socket of sockets.values()) socket.close();
  };
  const isServed = (address: string) => families.includes(address.includes(':') ? '::' : '0.0.0.0');
  const follow = async (): Promise<void> => {
    const wanted = new Set(addresses().filter(isServed).slice(0, MAX_ADDRESS_SOCKETS));
    for (const address of failed) if (!wanted.has(address)) failed.delete(address);
    for (const [address, socket] of sockets) {
      if (wanted.has(address) || families.includes(address)) continue;
      sockets.delete(address);
      socket.close();
    }
    for (const address of wanted) {
      if (sockets.has(address)) continue;
      try {
        await open(address);
        failed.delete(address);
      } catch (thrown) {
        const { message } = listenError('UDP', { address, port }, thrown);
        if (!failed.has(address)) log.warning(`${message}; until then the wildcard socket serves it`);
        failed.add(address);
      }
    }
  };
  try {
    for (const wildcard of families) await open(wildcard);
    await follow();
  } catch (thrown) {
    close();
    throw listenError('UDP', { ...options, port }, thrown);
  }
  let following = false;
  const timer = clock.every(INTERFACES_INTERVAL_MS, async () => {
    if (following) return;
    following = true;
    await follow().catch((thrown: unknown) =>
      log.warning(`the machine's addresses cannot be read: ${messageOf(thrown)}`),
    );
    following = false;
  });
  return {
    port,
    close() {
      timer.cancel();
      close();
    },
  };
}

/**
 * Makes sure that no program has the port, and finds the wildcards that this machine can bind.
 *
 * The sockets of a wildcard listener overlap, so they need SO_REUSEADDR. With it, Linux lets any number of programs bind one UDP port, and the last
 * one gets the queries. Without it, binding the wildcard fails if a program has the port on any address, even with SO_REUSEADDR. So the port is first
 * bound without it. (Two servers that start at the same instant may miss each other here; their TCP listeners do not.)
 */
async function reservePort(wildcards: readonly string[], target: ListenTarget) {
  for (let attempt = 1; ; attempt++) {
    const held = new Map<string, Socket>();
    let { port } = target;
    try {
      for (const wildcard of wildcards) {
        const socket = await bindSocket(wildcard, port, { shared: false }).catch((thrown: unknown) => {
          const isLast = held.size === 0 && wildcard === wildcards.at(-1);
          if (isLast || !isFamilyMissing(thrown)) throw thrown;
        });
        if (!socket) continue;
        held.set(wildcard, socket);
        port = socket.address().port;
      }
      return { port, families: [...held.keys()] };
    } catch (thrown) {
      const again = target.port === 0 && attempt < PORT_ATTEMPTS && systemCodeOf(thrown) === 'EADDRINUSE';
      if (!again) throw listenError('UDP', { ...target, port }, thrown);
    } finally {
      for (const socket of held.values()) socket.close();
    }
  }
}

function bindSocket(address: string, port: number, { shared }: { shared: boolean }): Promise<Socket> {
  const socket = createSocket({
    ...(address.includes(':') ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' }),
    reuseAddr: shared,
    // Responses go to addresses, never to names. The default lookup would cost a tick for each.
    lookup: (literal, _, found) => found(null, literal, 0),
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      enlargeBuffers(socket);
      resolve(socket);
    });
  });
}

function enlargeBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(BUFFER_OCTETS);
    socket.setSendBufferSize(BUFFER_OCTETS);
  } catch {
    // Some systems refuse a size above their limit. Their default size works, too.
  }
}
