import { type Message, Rcode } from '../../dns/message.ts';
import { CairnError } from '../../errors.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { Protocol, Query } from '../../plugin/query.ts';
import { failure, type Reply } from '../../plugin/reply.ts';
import { encodeQuery, replyOf } from './message.ts';
import type { ForwardMetrics } from './metrics.ts';
import type { Stanza } from './options.ts';
import type { Upstream } from './upstream.ts';

/** No attempt starts later than this after the query came, and none goes on for longer. */
export const DEADLINE_MS = 5000;
/** How often one query may fail where `max_connect_attempts` says nothing is too often. */
export const MAX_ATTEMPTS = 100;

/** What the queries of one stanza have in common. */
export interface Forwarding extends Pick<PluginEnv, 'clock' | 'random'>, Pick<ForwardMetrics, 'healthcheckBroken'> {
  readonly stanza: Stanza;
  /** How many are on their way. */
  inFlight: number;
  /** Told which upstream's reply a query gets, as `ADDRESS:PORT`. */
  answered(query: Query, upstream: string): void;
}

/** Asks the upstreams in this order, suspects last, and over again, until one replies; SERVFAIL says why none did. */
export async function askInTurn(query: Query, upstreams: readonly Upstream[], forwarding: Forwarding): Promise<Reply> {
  const { stanza, clock, random } = forwarding;
  const octets = encodeQuery(query);
  const order = suspectsLast(upstreams);
  const endMs = clock.monotonic() + DEADLINE_MS;
  const timeoutMs = () => Math.max(1, Math.min(stanza.readTimeoutMs, endMs - clock.monotonic()));
  let attemptsLeft = stanza.maxConnectAttempts ?? 2 * upstreams.length;
  if (attemptsLeft === 0) attemptsLeft = MAX_ATTEMPTS;
  let repliesLeft = upstreams.length;
  let last: Message | undefined;
  let error: Error | undefined;
  forwarding.inFlight++;
  for (let at = 0; attemptsLeft > 0 && clock.monotonic() < endMs; at++) {
    let upstream = order[at % order.length]!;
    if (upstream.down) {
      if (upstreams.some(({ down }) => !down)) continue;
      forwarding.healthcheckBroken.value++;
      if (stanza.failfast) break;
      // The probes may be wrong: one upstream gets one chance.
      upstream = upstreams[Math.floor(random() * upstreams.length)]!;
      attemptsLeft = 1;
    }
    try {
      last = await ask(upstream, octets, query.protocol, stanza, timeoutMs);
      forwarding.answered(query, upstream.name);
      if (--repliesLeft === 0 || !stanza.failover.includes(last.rcode)) break;
    } catch (thrown) {
      error = thrown as Error;
      attemptsLeft--;
    }
  }
  forwarding.inFlight--;
  if (last) return replyOf(last, query);
  return failure('forward', Rcode.SERVFAIL, error ?? new CairnError('FORWARD', 'no healthy proxies'));
}

/** While others answer, nobody should have to find out again that an upstream is silent. */
function suspectsLast(upstreams: readonly Upstream[]): readonly Upstream[] {
  if (!upstreams.some(({ suspected }) => suspected)) return upstreams;
  return [...upstreams.filter(({ suspected }) => !suspected), ...upstreams.filter(({ suspected }) => suspected)];
}

/** Asks one upstream, over TCP again if the reply is truncated and UDP was only preferred. */
function ask(
  upstream: Upstream,
  query: Uint8Array,
  client: Protocol,
  { forceTcp, preferUdp }: Stanza,
  timeoutMs: () => number,
): Promise<Message> {
  const protocol = forceTcp ? 'tcp' : preferUdp ? 'udp' : client;
  const reply = upstream.exchange(query, protocol, timeoutMs());
  if (protocol !== 'udp' || !preferUdp) return reply;
  return reply.then((reply) => (reply.tc ? upstream.exchange(query, 'tcp', timeoutMs()) : reply));
}
