import { Rcode } from '../../dns/message.ts';
import { isAtOrBelow, type Name } from '../../dns/name.ts';
import { printPeer } from '../../net/transport.ts';
import { UpstreamError } from '../../net/upstream/error.ts';
import { createEpisode } from '../../observe/episode.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { isExplained } from '../../plugin/explained.ts';
import type { Query } from '../../plugin/query.ts';
import type { Reply } from '../../plugin/reply.ts';
import type { Tap } from '../../plugin/tap.ts';
import { askInTurn, type Forwarding, type StanzaLimit, suspectsLast } from './attempts.ts';
import { type Endpoints, watchEndpoints } from './endpoints.ts';
import { Hedging } from './hedge.ts';
import { InFlightQueries } from './in-flight.ts';
import type { ForwardMetrics } from './metrics.ts';
import type { Stanza } from './options.ts';
import { createPolicy } from './policy.ts';
import type { StanzaStatus } from './status.ts';
import { encryptionOf, printEndpoint } from './target.ts';
import { watchCertificates } from './tls-files.ts';
import { createUpstream, type Upstream } from './upstream.ts';

/** One running stanza. */
interface Forwarder extends Pick<Endpoints, 'load' | 'start' | 'stop'> {
  /** Whether the stanza forwards this (folded) name. */
  matches(name: Name): boolean;
  forward(query: Query): Promise<Reply>;
  /** The upstreams in the order in which the next query would try them, for people. */
  order(): readonly string[];
  /** Lets the tap see the messages from now on. */
  showTo(tap: Tap | undefined): void;
  status(): StanzaStatus;
  /** Whether the query goes on to the next stanza after this reply. */
  handsOn(reply: Reply): boolean;
}

export function createForwarder(
  stanza: Stanza,
  env: PluginEnv,
  metrics: ForwardMetrics,
  { answered, tracer }: Pick<Forwarding, 'answered' | 'tracer'>,
): Forwarder {
  const inPolicyOrder = createPolicy(stanza.policy, env.random);
  const { clock, random } = env;
  const { healthcheckBroken, gaveWay } = metrics;
  const overloaded = createEpisode(clock, (why) => env.log.warning(`queries are refused: ${why}`));
  const forwarding: Forwarding = {
    ...{ stanza, clock, random, healthcheckBroken, gaveWay, answered, tracer, overloaded },
    tap: undefined,
    hedging: stanza.hedge && new Hedging(stanza.hedge, clock, metrics.hedgesWithheld),
    limit: createLimit(stanza, metrics),
  };
  /** What is explained takes no turn of a client's query. */
  const takesNoTurn = (query: Query) => stanza.policy === 'round_robin' && isExplained(query);
  const orderFor = (query: Query) => (takesNoTurn(query) ? inPolicyOrder.peek(upstreams) : inPolicyOrder(upstreams));
  let upstreams: readonly Upstream[] = [];

  const isEncrypted = stanza.to.some((target) => encryptionOf(target) !== undefined);
  const certificates = watchCertificates(stanza.tls, env);
  const endpoints = watchEndpoints(stanza, env, (current) => {
    const before = upstreams;
    upstreams = current.map((to) => {
      const label = printPeer(to);
      const known = before.find(({ name }) => name === label);
      return known ?? createUpstream(to, stanza, clock, certificates, metrics.upstream(label));
    });
    for (const upstream of before) if (!upstreams.includes(upstream)) upstream.stop();
  });

  return {
    async load() {
      if (isEncrypted) await certificates.load();
      await endpoints.load();
    },
    start: endpoints.start,
    stop() {
      certificates.stop();
      endpoints.stop();
      for (const upstream of upstreams) upstream.stop();
    },
    // As in CoreDNS, `except` does not apply to a name that is itself in FROM.
    matches: (name) =>
      stanza.from.some(
        (zone) => name === zone || (isAtOrBelow(name, zone) && !stanza.except.some((not) => isAtOrBelow(name, not))),
      ),
    forward: (query) => askInTurn(query, orderFor(query), forwarding),
    order: () => {
      const working = suspectsLast(inPolicyOrder.peek(upstreams).filter(({ down }) => !down));
      if (working.length > 0 || stanza.failfast) return working.map(printUpstream);
      // One of them is asked once.
      return upstreams.map(({ endpoint }) => `${printEndpoint(endpoint)} (down)`);
    },
    status: () => ({
      zones: stanza.from,
      upstreams: upstreams.map((upstream) => upstream.status()),
      problems: [endpoints.problem, isEncrypted ? certificates.problem : undefined].filter(
        (each) => each !== undefined,
      ),
      overload: overloaded.present(),
    }),
    showTo(tap) {
      forwarding.tap = tap;
    },
    handsOn: ({ rcode, answer, error }) =>
      !error &&
      (stanza.next.includes(rcode) || (stanza.nextOnNodata && rcode === Rcode.NOERROR && answer.length === 0)),
  };
}

/** As the Corefile would have it, and whether it has not answered of late. */
function printUpstream({ endpoint, suspected }: Upstream): string {
  return `${printEndpoint(endpoint)}${suspected ? ' (did not answer of late)' : ''}`;
}

function createLimit({ maxConcurrent }: Stanza, { concurrentRejects }: ForwardMetrics): StanzaLimit | undefined {
  if (maxConcurrent === 0) return undefined;
  const error = new UpstreamError('limit', `concurrent queries exceeded maximum ${maxConcurrent}`);
  return { inFlight: new InFlightQueries(maxConcurrent), rejects: concurrentRejects, error };
}
