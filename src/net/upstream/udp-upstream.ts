import type { Peer } from '../transport.ts';
import { udpMachinery } from '../udp/udp.ts';
import { BatchedUpstream } from './batched-udp.ts';
import { createPortableUpstream, type UdpUpstream, type UdpUpstreamOptions } from './udp.ts';

/** An upstream over UDP: batched if the machine can do it, else with a socket for each query. */
export function createUdpUpstream(to: Peer, options: UdpUpstreamOptions): UdpUpstream {
  let upstream: UdpUpstream | undefined;
  const choose = async (): Promise<UdpUpstream> => {
    const machinery = await udpMachinery(options.kind);
    upstream ??= machinery ? new BatchedUpstream(machinery, to, options) : createPortableUpstream(to, options);
    return upstream;
  };
  return {
    exchange(query, timeoutMs, read, hold) {
      if (upstream) return upstream.exchange(query, timeoutMs, read, hold);
      return choose().then((chosen) => chosen.exchange(query, timeoutMs, read, hold));
    },
    close: () => upstream?.close(),
  };
}
