import type { Message } from '../../dns/message.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { WireError } from '../../dns/wire/error.ts';
import { type Peer, printPeer } from '../../net/transport.ts';
import { UpstreamError } from '../../net/upstream/error.ts';
import { createTcpUpstream } from '../../net/upstream/tcp.ts';
import { exchangeUdp } from '../../net/upstream/udp.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Protocol } from '../../plugin/query.ts';
import { createHealth } from './health.ts';
import { encodeProbe } from './message.ts';
import type { UpstreamMetrics } from './metrics.ts';
import type { Stanza } from './options.ts';

const PROBE_TIMEOUT_MS = 1000;

/** One server that queries are forwarded to. */
export interface Upstream {
  /** More than `max_fails` probes in a row have failed. */
  readonly down: boolean;
  /** An exchange failed, and no probe has succeeded since. */
  readonly suspected: boolean;
  /** Sends a query and waits for the reply. @throws UpstreamError (as a rejection), which also starts the health probes. */
  exchange(query: Uint8Array, protocol: Protocol, timeoutMs: number): Promise<Message>;
  /** Ends the probes and gives idle connections back; exchanges at work come to their end. */
  stop(): void;
}

export function createUpstream(to: Peer, stanza: Stanza, clock: Clock, metrics: UpstreamMetrics): Upstream {
  const sourceAddress = sameFamily(stanza.sourceAddress, to) ? stanza.sourceAddress : undefined;
  const { expireMs, maxAgeMs, healthCheck, maxFails } = stanza;
  const tcp = createTcpUpstream(to, {
    ...{ clock, sourceAddress, expireMs, maxAgeMs, maxIdle: stanza.maxIdleConns },
    onPick: (reused) => metrics.picked('tcp', reused),
  });
  const send = (query: Uint8Array, protocol: Protocol, timeoutMs: number): Promise<Uint8Array> => {
    if (protocol === 'tcp') return tcp.exchange(query, timeoutMs);
    metrics.picked('udp', false);
    return exchangeUdp(query, to, timeoutMs, { clock, sourceAddress });
  };
  const probe = encodeProbe(healthCheck);
  const health = createHealth({
    ...{ clock, maxFails, intervalMs: healthCheck.intervalMs },
    probe: () => send(probe, stanza.forceTcp ? 'tcp' : 'udp', PROBE_TIMEOUT_MS),
    onFailure: metrics.probeFailed,
  });
  return {
    get down() {
      return health.down;
    },
    get suspected() {
      return health.suspected;
    },
    async exchange(query, protocol, timeoutMs) {
      const startMs = clock.monotonic();
      metrics.sent();
      try {
        const reply = decodeReply(await send(query, protocol, timeoutMs), to);
        metrics.replied(reply.rcode, clock.monotonic() - startMs);
        return reply;
      } catch (thrown) {
        metrics.failed(thrown instanceof UpstreamError ? thrown.reason : 'other');
        health.suspect(thrown);
        throw thrown;
      }
    },
    stop() {
      health.stop();
      tcp.close();
    },
  };
}

function decodeReply(octets: Uint8Array, from: Peer): Message {
  try {
    return decodeMessage(octets);
  } catch (thrown) {
    if (!(thrown instanceof WireError)) throw thrown;
    const message = `unreadable reply from ${printPeer(from)}: ${thrown.message}`;
    throw new UpstreamError('malformed', message, { cause: thrown });
  }
}

function sameFamily(address: string | undefined, to: Peer): boolean {
  return address !== undefined && address.includes(':') === to.address.includes(':');
}
