import { printPosition } from '../../corefile/position.ts';
import { Rcode } from '../../dns/message.ts';
import { isAtOrBelow, type Name } from '../../dns/name.ts';
import { CairnError } from '../../errors.ts';
import { printPeer } from '../../net/transport.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { Query } from '../../plugin/query.ts';
import { failure, type Reply } from '../../plugin/reply.ts';
import { askInTurn } from './attempts.ts';
import { type Endpoints, watchEndpoints } from './endpoints.ts';
import type { ForwardMetrics } from './metrics.ts';
import type { Stanza } from './options.ts';
import { createPolicy } from './policy.ts';
import type { Encryption, Target } from './target.ts';
import { watchCertificates } from './tls-files.ts';
import { createUpstream, type Upstream } from './upstream.ts';

/** One stanza at work. */
export interface Forwarder extends Pick<Endpoints, 'start' | 'stop'> {
  /** Whether the stanza is for this (folded) name. */
  matches(name: Name): boolean;
  forward(query: Query): Promise<Reply>;
  /** Whether the stanza leaves a query that it got this reply for to the next one. */
  handsOn(reply: Reply): boolean;
}

function encryptionOf(target: Target): Encryption | undefined {
  return target.kind === 'address'
    ? target.endpoint.encryption
    : target.kind === 'host'
      ? target.encryption
      : undefined;
}

/** @param answered told which upstream's reply a query gets, as `ADDRESS:PORT`. */
export function createForwarder(
  stanza: Stanza,
  env: PluginEnv,
  metrics: ForwardMetrics,
  answered: (query: Query, upstream: string) => void,
): Forwarder {
  const inPolicyOrder = createPolicy(stanza.policy, env.random);
  let upstreams: ReadonlyMap<string, Upstream> = new Map();
  let inFlight = 0;

  const isEncrypted = stanza.to.some((target) => encryptionOf(target) !== undefined);
  const certificates = watchCertificates(stanza.tls, env);
  const endpoints = watchEndpoints(stanza, env, (current) => {
    const before = upstreams;
    upstreams = new Map(
      current.map((to) => {
        const label = printPeer(to);
        return [
          label,
          before.get(label) ?? createUpstream(to, stanza, env.clock, certificates, metrics.upstream(label)),
        ];
      }),
    );
    for (const [label, upstream] of before) if (!upstreams.has(label)) upstream.stop();
  });

  return {
    async start() {
      if (isEncrypted) await certificates.start();
      else if (stanza.tlsServername !== undefined || stanza.tls.position !== stanza.position) {
        env.log.warning(`${printPosition(stanza.position)}: no upstream has tls:// or https://, so TLS is not used`);
      }
      await endpoints.start();
    },
    stop() {
      certificates.stop();
      endpoints.stop();
      for (const upstream of upstreams.values()) upstream.stop();
    },
    // A name that is itself forwarded is not excepted, as in CoreDNS.
    matches: (name) =>
      stanza.from.some(
        (zone) => name === zone || (isAtOrBelow(name, zone) && !stanza.except.some((not) => isAtOrBelow(name, not))),
      ),
    async forward(query) {
      const { maxConcurrent } = stanza;
      if (maxConcurrent > 0 && inFlight >= maxConcurrent) {
        metrics.concurrentRejects.value++;
        const message = `concurrent queries exceeded maximum ${maxConcurrent}`;
        return failure('forward', Rcode.REFUSED, new CairnError('FORWARD', message));
      }
      inFlight++;
      try {
        const order = inPolicyOrder([...upstreams.values()]);
        return await askInTurn(query, order, stanza, env, metrics, ({ name }) => answered(query, name));
      } finally {
        inFlight--;
      }
    },
    handsOn: ({ rcode, answer, error }) =>
      !error &&
      (stanza.next.includes(rcode) || (stanza.nextOnNodata && rcode === Rcode.NOERROR && answer.length === 0)),
  };
}
