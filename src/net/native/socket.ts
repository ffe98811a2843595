import { isFamilyMissing, listenError } from '../listen.ts';
import type { ListenTarget } from '../transport.ts';
import { callError, type Kernel, OWN } from './kernel.ts';
import { AF_INET, AF_INET6, encodeSockaddr, portAt } from './sockaddr.ts';

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const STREAM = SOCK_STREAM | OWN;
/** The type of a datagram socket. */
export const DATAGRAM = SOCK_DGRAM | OWN;

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;

/** The size of a socket's buffer, which a burst may fill while the event loop is busy. */
const BUFFER_OCTETS = 4 * 1024 * 1024;

export interface BoundSocket {
  readonly fd: number;
  /** The address that the socket is bound to. */
  readonly address: string;
  readonly port: number;
}

/**
 * Opens another socket on the address and port of an open one. The kernel spreads the clients over all of them.
 *
 * The first socket is opened without sharing, unless other programs may have the port, too: so opening it fails if another program has the port.
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
export function openSocket(kernel: Kernel, options: ListenTarget): BoundSocket {
  return openOn(kernel, 'UDP', options, (fd, address, set) => {
    // On a wildcard address, the kernel tells for each datagram which address it was sent to. The response leaves from there.
    if (address === '::') set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    if (address === '0.0.0.0') set(IPPROTO_IP, IP_PKTINFO, 1);
    enlargeBuffers(kernel, fd);
  });
}

/** As {@link openSocket}, for connections; the socket does not listen yet. @throws CairnError when the address is in use or cannot be bound. */
export function openStreamSocket(kernel: Kernel, options: ListenTarget): BoundSocket {
  // Ended connections may still hold the port for a while.
  return openOn(kernel, 'TCP', options, (_, __, set) => set(SOL_SOCKET, SO_REUSEADDR, 1));
}

/**
 * Stops the delivery of datagrams to a socket: they go to the other sockets of the port, or nowhere. Datagrams that came before can still be
 * received, and sending still works.
 */
export function leaveDatagrams(kernel: Kernel, { fd, address, port }: BoundSocket): void {
  // A connected socket gets only what comes from its peer. Here the peer is the socket itself.
  const own = { '::': '::1', '0.0.0.0': '127.0.0.1' }[address] ?? address;
  kernel.connect(fd, encodeSockaddr({ address: own, port }, kernel.interfaceIndex));
}

/** Makes the kernel give new connections to the next socket on the port, if there is one. Connections that already wait here stay here. */
export function leaveConnections(kernel: Kernel, fd: number): void {
  const RETURN_CONSTANT = 0x06;
  // The kernel numbers the sockets of a port from 0, and renumbers them when one closes. If no socket has the number, the kernel chooses one itself.
  const SECOND = 1;
  const filter = new DataView(new ArrayBuffer(8));
  filter.setUint16(0, RETURN_CONSTANT, true);
  filter.setUint32(4, SECOND, true);
  const program = new DataView(new ArrayBuffer(16));
  program.setUint16(0, 1, true);
  program.setBigUint64(8, BigInt(kernel.addressOf(filter.buffer)), true);
  kernel.setOption(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, new Uint8Array(program.buffer));
}

type SetOption = (level: number, option: number, value: number) => void;

/** @param prepare sets the options that must be set before the socket is bound */
function openOn(
  kernel: Kernel,
  protocol: 'UDP' | 'TCP',
  options: ListenTarget,
  prepare: (fd: number, address: string, set: SetOption) => void,
): BoundSocket {
  const { address = '::' } = options;
  const type = protocol === 'UDP' ? DATAGRAM : STREAM;
  try {
    return bindSocket(kernel, type, address, options, prepare);
  } catch (thrown) {
    if (address !== '::' || !isFamilyMissing(thrown)) throw listenError(protocol, options, thrown);
  }
  try {
    return bindSocket(kernel, type, '0.0.0.0', options, prepare);
  } catch (thrown) {
    throw listenError(protocol, options, thrown);
  }
}

function bindSocket(
  kernel: Kernel,
  type: number,
  address: string,
  { port, reusePort = false }: ListenTarget,
  prepare: (fd: number, address: string, set: SetOption) => void,
): BoundSocket {
  const isIPv6 = address.includes(':');
  const sockaddr = encodeSockaddr({ address, port }, kernel.interfaceIndex);
  const fd = kernel.socket(isIPv6 ? AF_INET6 : AF_INET, type);
  if (fd < 0) throw callError(kernel, 'socket');
  const set: SetOption = (level, option, value) => {
    if (kernel.setOption(fd, level, option, value) < 0) throw callError(kernel, 'setsockopt');
  };
  try {
    if (reusePort) set(SOL_SOCKET, SO_REUSEPORT, 1);
    if (isIPv6) set(IPPROTO_IPV6, IPV6_V6ONLY, address === '::' ? 0 : 1);
    prepare(fd, address, set);
    if (kernel.bind(fd, sockaddr) < 0) throw callError(kernel, 'bind');
    return { fd, address, port: portAt(kernel.socketName(fd), 0) };
  } catch (thrown) {
    kernel.close(fd);
    throw thrown;
  }
}

/** net.core.rmem_max and net.core.wmem_max limit the buffers of a process without the capability NET_ADMIN. */
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
