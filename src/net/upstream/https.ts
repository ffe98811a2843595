import { type Peer, printPeer } from '../transport.ts';
import { type ClientTls, createDialTimeout, tlsDialer } from './dialer.ts';
import { openHttpsConnection } from './https-connection.ts';
import { type ConnectionPool, createPool, type PoolOptions } from './pool.ts';

/** How many queries share an HTTP/2 connection before another is opened: servers should allow at least this number (RFC 9113 §6.5.2). */
export const STREAMS_PER_CONNECTION = 100;

const HTTPS_PORT = 443;

interface HttpsOptions extends PoolOptions {
  readonly sourceAddress?: string | undefined;
  readonly tls: ClientTls;
  readonly method: 'GET' | 'POST';
}

/** An upstream over HTTPS (RFC 8484), by HTTP/2, at the path `/dns-query`: queries share connections. */
export function createHttpsUpstream(to: Peer, options: HttpsOptions): ConnectionPool {
  const { clock, sourceAddress, tls, method } = options;
  const dialer = tlsDialer(to, sourceAddress, tls, ['h2']);
  const dialTimeout = createDialTimeout();
  const authority = authorityOf(to, tls.servername);
  return createPool(
    {
      name: `dial tcp ${printPeer(to)}`,
      share: STREAMS_PER_CONNECTION,
      connect: (events) => openHttpsConnection(to, { clock, dialer, dialTimeout, method, authority, ...events }),
    },
    options,
  );
}

function authorityOf({ address, port }: Peer, servername?: string): string {
  const name = servername ?? address;
  const whole = printPeer({ address: name, port });
  return port === HTTPS_PORT ? whole.slice(0, whole.lastIndexOf(':')) : whole;
}
