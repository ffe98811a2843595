import type { UpstreamStatus } from '../../admin/protocol/index.ts';
import { WireError } from '../../dns/wire/error.ts';
import { type Response, readResponse } from '../../dns/wire/response.ts';
import { type Peer, printPeer } from '../../net/transport.ts';
import { type Hold, UpstreamError } from '../../net/upstream/error.ts';
import { createHttpsUpstream } from '../../net/upstream/https.ts';
import type { ConnectionPool } from '../../net/upstream/pool.ts';
import { createTcpUpstream } from '../../net/upstream/tcp.ts';
import { exchangeUdp } from '../../net/upstream/udp.ts';
import { createUdpUpstream } from '../../net/upstream/udp-upstream.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Protocol } from '../../plugin/query.ts';
import { createHealth } from './health.ts';
import { Latency } from './latency.ts';
import { encodeProbe } from './message.ts';
import type { UpstreamMetrics } from './metrics.ts';
import type { Stanza } from './options.ts';
import { upstreamStatus } from './status.ts';
import { Tally } from './tally.ts';
import type { Endpoint } from './target.ts';
import type { Certificates } from './tls-files.ts';

const PROBE_TIMEOUT_MS = 1000;

/** One server that queries are forwarded to. */
export interface Upstream {
  /** `ADDRESS:PORT` */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** More than `max_fails` probes in a row have failed. */
  readonly down: boolean;
  /** An exchange failed, and no probe has succeeded since. */
  readonly suspected: boolean;
  /** How a query that may go over `protocol` goes there, for people. */
  proto(protocol: Protocol): 'udp' | 'tcp' | 'tcp-tls' | 'https';
  /**
   * Sends a query and waits for the response. An encrypted upstream ignores `protocol`.
   *
   * @param seen called with the octets of the response, which are valid until it returns.
   * @throws UpstreamError (as a rejection), which also starts the health probes.
   */
  exchange(
    query: Uint8Array,
    protocol: Protocol,
    timeoutMs: number,
    hold: Hold,
    seen?: (response: Uint8Array) => void,
  ): Promise<Response>;
  /** How long all but 5 % of its responses take over the protocol; undefined if that is not measured, or not known yet. */
  p95Ms(protocol: Protocol): number | undefined;
  /** Counts a query that it gets beside another upstream. */
  hedged(): void;
  /** Counts such a query whose response was used. */
  outran(): void;
  status(): UpstreamStatus;
  /** Ends the probes and closes idle connections; exchanges under way go on to their end. */
  stop(): void;
}

export function createUpstream(
  to: Endpoint,
  stanza: Stanza,
  clock: Clock,
  certificates: Certificates,
  metrics: UpstreamMetrics,
): Upstream {
  const sourceAddress = sameFamily(stanza.sourceAddress, to) ? stanza.sourceAddress : undefined;
  const { healthCheck, maxFails } = stanza;
  const connections = poolFor(to, stanza, { clock, sourceAddress }, certificates);
  const proto = protoOf(to);
  // Counts only queries, not health probes.
  const onPick = (reused: boolean) => metrics.picked(proto, reused);
  const datagrams = createUdpUpstream(to, { clock, sourceAddress, onPick: (reused) => metrics.picked('udp', reused) });
  const decode = (reply: Uint8Array) => decodeReply(reply, to);
  type Read = typeof decode;
  const send = (query: Uint8Array, protocol: Protocol, timeoutMs: number, hold: Hold, read: Read): Promise<Response> =>
    protocol === 'tcp' || to.encryption
      ? connections.exchange(query, timeoutMs, onPick, hold).then(read)
      : datagrams.exchange(query, timeoutMs, read, hold);
  const probe = encodeProbe(healthCheck);
  const tally = new Tally();
  const health = createHealth({
    ...{ clock, maxFails, intervalMs: healthCheck.intervalMs },
    async probe() {
      if (stanza.forceTcp || to.encryption) await connections.exchange(probe, PROBE_TIMEOUT_MS);
      else await exchangeUdp(probe, to, PROBE_TIMEOUT_MS, { clock, sourceAddress });
      tally.recovered();
    },
    onFailure: metrics.probeFailed,
  });
  const { hedge } = stanza;
  const isMeasured = hedge?.kind === 'hedge' && hedge.afterMs === undefined;
  const latency = isMeasured ? { udp: new Latency(), tcp: new Latency() } : undefined;
  return {
    name: printPeer(to),
    endpoint: to,
    get down() {
      return health.down;
    },
    get suspected() {
      return health.suspected;
    },
    proto: (protocol) => (protocol === 'udp' && !to.encryption ? 'udp' : proto),
    exchange(query, protocol, timeoutMs, hold, seen) {
      const startMs = clock.monotonic();
      const read: Read = seen ? seenFirst(seen, decode) : decode;
      metrics.sent();
      tally.sent();
      return send(query, protocol, timeoutMs, hold, read).then(
        (reply) => {
          const durationMs = clock.monotonic() - startMs;
          latency?.[protocol].add(durationMs);
          metrics.replied(reply.rcode, durationMs);
          tally.replied(reply.rcode, durationMs);
          return reply;
        },
        (thrown) => {
          const reason = thrown instanceof UpstreamError ? thrown.reason : 'other';
          if (reason === 'timeout') latency?.[protocol].add(clock.monotonic() - startMs);
          metrics.failed(reason);
          tally.failed(thrown);
          health.suspect(thrown);
          throw thrown;
        },
      );
    },
    p95Ms: (protocol) => latency?.[protocol].p95Ms,
    hedged: metrics.hedged,
    outran: metrics.outran,
    status: () => upstreamStatus(to, health, tally),
    stop() {
      health.stop();
      connections.close();
      datagrams.close();
      metrics.stop();
    },
  };
}

function seenFirst<T>(seen: (octets: Uint8Array) => void, read: (octets: Uint8Array) => T): (octets: Uint8Array) => T {
  return (octets) => {
    seen(octets);
    return read(octets);
  };
}

/** The label of an upstream's connections in metrics. */
function protoOf({ encryption }: Endpoint): 'tcp' | 'tcp-tls' | 'https' {
  if (!encryption) return 'tcp';
  return encryption.over === 'tls' ? 'tcp-tls' : 'https';
}

/** The connections to the upstream. */
function poolFor(
  to: Endpoint,
  { expireMs, maxAgeMs, maxIdleConns, tlsServername, dohMethod }: Stanza,
  { clock, sourceAddress }: { clock: Clock; sourceAddress: string | undefined },
  { context }: Certificates,
): ConnectionPool {
  const { over, servername = tlsServername } = to.encryption ?? {};
  const options = { clock, sourceAddress, expireMs, maxAgeMs, maxIdle: maxIdleConns };
  const tls = { context, servername };
  if (over === 'https') return createHttpsUpstream(to, { ...options, tls, method: dohMethod });
  return createTcpUpstream(to, over === 'tls' ? { ...options, tls } : options);
}

function decodeReply(octets: Uint8Array, from: Peer): Response {
  try {
    return readResponse(octets);
  } catch (thrown) {
    if (!(thrown instanceof WireError)) throw thrown;
    const message = `unreadable response from ${printPeer(from)}: ${thrown.message}`;
    throw new UpstreamError('malformed', message, { cause: thrown });
  }
}

function sameFamily(address: string | undefined, to: Peer): boolean {
  return address !== undefined && address.includes(':') === to.address.includes(':');
}
