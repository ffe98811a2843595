import type { Peer, UdpKind } from '../transport.ts';
import { udpMachinery } from '../udp/udp.ts';
import { createBatchedUpstream } from './batched-udp.ts';
import type { Hold } from './hold.ts';
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
   * Sends a query of one question, with a fresh id, and resolves with what `read` makes of the octets of the reply, which are
   * good until it returns.
   *
   * @param hold gets the means to give the query up.
   * @throws UpstreamError (as a rejection), and what `read` throws
   */
  exchange<T>(query: Uint8Array, timeoutMs: number, read: (reply: Uint8Array) => T, hold?: Hold): Promise<T>;
  /** Closes what is idle; exchanges at work come to their end. */
  close(): void;
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
    exchange(query, timeoutMs, read, hold) {
      if (upstream) return upstream.exchange(query, timeoutMs, read, hold);
      return choose().then((chosen) => chosen.exchange(query, timeoutMs, read, hold));
    },
    close: () => upstream?.close(),
  };
}

function createPortableUpstream(to: Peer, options: UdpUpstreamOptions): UdpUpstream {
  return {
    exchange(query, timeoutMs, read, hold) {
      options.onPick?.(false);
      return exchangeUdp(query, to, timeoutMs, options, hold).then(read);
    },
    close() {},
  };
}
