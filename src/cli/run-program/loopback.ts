import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { CairnError, systemCodeOf } from '../../base/errors.ts';
import { DNS_PORT } from '../../net/addresses.ts';
import { listenError } from '../../net/listen.ts';

/** How many loopback addresses are tried: other programs may have port 53 of some. */
const ADDRESSES = 64;

/** The sockets of a nameserver in the machine's own network. */
export interface LoopbackSockets {
  readonly address: string;
  readonly udp: Socket;
  readonly tcp: Server;
}

/** Opens port 53, since a resolv.conf names no ports, of the first free loopback address. @throws CairnError if this process may not */
export async function openOnLoopback(): Promise<LoopbackSockets> {
  for (let last = 1; ; last++) {
    const address = `127.0.53.${last}`;
    try {
      return { address, ...(await open(address)) };
    } catch (error) {
      if (systemCodeOf(error) === 'EADDRINUSE' && last < ADDRESSES) continue;
      const { message } = listenError('UDP', { address, port: DNS_PORT }, error);
      const remedy = 'be root, use `sysctl net.ipv4.ip_unprivileged_port_start=53`, or leave out --net host';
      throw new CairnError('LISTEN', `--net host: ${message}: ${remedy}`, { cause: error });
    }
  }
}

async function open(address: string): Promise<Omit<LoopbackSockets, 'address'>> {
  const udp = createSocket('udp4').bind(DNS_PORT, address);
  try {
    await once(udp, 'listening');
    const tcp = createServer({ allowHalfOpen: true }).listen(DNS_PORT, address);
    await once(tcp, 'listening');
    return { udp, tcp };
  } catch (error) {
    udp.close();
    throw error;
  }
}
