import { type Peer, printPeer } from '../transport.ts';
import { Connection } from './connection.ts';
import { type ClientTls, createDialTimeout, tcpDialer, tlsDialer } from './dialer.ts';
import { type ConnectionPool, createPool, type PoolOptions } from './pool.ts';

export interface TcpOptions extends PoolOptions {
  /** The local address to connect from; the system's choice by default. */
  readonly sourceAddress?: string | undefined;
  /** With this DNS over TLS (RFC 7858), without it plain TCP. */
  readonly tls?: ClientTls | undefined;
}

/** An upstream over TCP or TLS. While there are few queries, each has its own connection; beyond that they share. */
export function createTcpUpstream(to: Peer, options: TcpOptions): ConnectionPool {
  const { clock, sourceAddress, tls } = options;
  const dialer = tls ? tlsDialer(to, sourceAddress, tls) : tcpDialer(to, sourceAddress);
  const dialTimeout = createDialTimeout();
  return createPool(
    {
      name: `dial tcp ${printPeer(to)}`,
      share: 1,
      connect: (events) => new Connection(to, { clock, dialer, dialTimeout, ...events }),
    },
    options,
  );
}
