import type { Peer, UdpKind } from '../transport.ts';
import { udpMachinery } from '../udp.ts';
import { createBatchedUpstream } from './batched-udp.ts';
import { exchangeUdp, type UdpOptions } from './udp.ts';

export interface UdpUpstreamOptions extends UdpOptions {
  /** How it is done; by default as listeners do it. */
  readonly kind?: UdpKind | undefined;
  /** Told for every query that is sent whether it leaves from a socket that was open already. */
  onPick?(reused: boolean): void;
}

/** A server that many queries go to over UDP. */
export interface UdpUpstream {
  /**
   * Sends a query of one question, with a fresh id, and resolves with the octets of the reply.
   *
   * @throws UpstreamError (as a rejection)
   */
  exchange(query: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
}

/** An upstream over UDP: batched where the machine can, else with a socket for each query. */
export function createUdpUpstream(to: Peer, options: UdpUpstreamOptions): UdpUpstream {
  let upstream: UdpUpstream | undefined;
  const choose = async (): Promise<UdpUpstream> => {
    const machinery = await udpMachinery(options.kind);
    upstream ??= machinery ? createBatchedUpstream(machinery, to, options) : createPortableUpstream(to, options);
    return upstream;
  };
  return {
    exchange(query, timeoutMs) {
      if (upstream) return upstream.exchange(query, timeoutMs);
      return choose().then((chosen) => chosen.exchange(query, timeoutMs));
    },
  };
}

function createPortableUpstream(to: Peer, options: UdpUpstreamOptions): UdpUpstream {
  return {
    exchange(query, timeoutMs) {
      options.onPick?.(false);
      return exchangeUdp(query, to, timeoutMs, options);
    },
  };
}
