import { isFamilyMissing, type ListenTarget, listenError } from '../listen.ts';
import { callError, type Kernel } from './kernel.ts';
import { AF_INET, AF_INET6, encodeSockaddr, portAt } from './sockaddr.ts';

/** A datagram socket whose calls do not wait and that no other program inherits. */
export const DATAGRAM = 2 | 0o4000 | 0o2000000;

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;

/** What a burst may fill while the event loop is busy. */
const BUFFER_OCTETS = 4 * 1024 * 1024;

export interface BatchedSocketOptions extends ListenTarget {
  /** Lets other sockets with this option bind the same port; the kernel spreads the clients over them. */
  readonly reusePort?: boolean;
}

export interface BoundSocket {
  readonly fd: number;
  /** What it is bound to. */
  readonly address: string;
  readonly port: number;
}

/**
 * Opens another socket on the port of one that is open, and its address: the kernel spreads the clients over all of them.
 *
 * The first one is opened alone, so that it is known that no other program has the port.
 *
 * @throws CairnError when the system does not let them share.
 */
export function openBeside(kernel: Kernel, { fd, address, port }: BoundSocket): BoundSocket {
  const target = { address, port };
  if (kernel.setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0) {
    throw listenError('UDP', target, callError(kernel, 'setsockopt'));
  }
  return openSocket(kernel, { ...target, reusePort: true });
}

/**
 * Opens one socket: bound to an address of the machine, to 0.0.0.0, or to `::`, which serves both families (or IPv4
 * alone where there is no IPv6).
 *
 * @throws CairnError when the address is in use or cannot be bound.
 */
export function openSocket(kernel: Kernel, options: BatchedSocketOptions): BoundSocket {
  const { address = '::' } = options;
  try {
    return bindSocket(kernel, address, options);
  } catch (thrown) {
    if (address !== '::' || !isFamilyMissing(thrown)) throw listenError('UDP', options, thrown);
  }
  try {
    return bindSocket(kernel, '0.0.0.0', options);
  } catch (thrown) {
    throw listenError('UDP', options, thrown);
  }
}

function bindSocket(kernel: Kernel, address: string, { port, reusePort = false }: BatchedSocketOptions): BoundSocket {
  const isIPv6 = address.includes(':');
  const sockaddr = encodeSockaddr({ address, port }, kernel.interfaceIndex);
  const fd = kernel.socket(isIPv6 ? AF_INET6 : AF_INET, DATAGRAM);
  if (fd < 0) throw callError(kernel, 'socket');
  const set = (level: number, option: number, value: number) => {
    if (kernel.setOption(fd, level, option, value) < 0) throw callError(kernel, 'setsockopt');
  };
  try {
    if (reusePort) set(SOL_SOCKET, SO_REUSEPORT, 1);
    if (isIPv6) set(IPPROTO_IPV6, IPV6_V6ONLY, address === '::' ? 0 : 1);
    // On a wildcard each datagram tells which address was asked, and the reply says that it leaves from there.
    if (address === '::') set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    if (address === '0.0.0.0') set(IPPROTO_IP, IP_PKTINFO, 1);
    enlargeBuffers(kernel, fd);
    if (kernel.bind(fd, sockaddr) < 0) throw callError(kernel, 'bind');
    return { fd, address, port: portAt(kernel.socketName(fd), 0) };
  } catch (thrown) {
    kernel.close(fd);
    throw thrown;
  }
}

/** With the capability NET_ADMIN a buffer may be larger than net.core.rmem_max and net.core.wmem_max; else they cap it. */
function enlargeBuffers(kernel: Kernel, fd: number): void {
  for (const [forced, capped] of [
    [SO_RCVBUFFORCE, SO_RCVBUF],
    [SO_SNDBUFFORCE, SO_SNDBUF],
  ] as const) {
    if (kernel.setOption(fd, SOL_SOCKET, forced, BUFFER_OCTETS) < 0) {
      kernel.setOption(fd, SOL_SOCKET, capped, BUFFER_OCTETS);
    }
  }
}
