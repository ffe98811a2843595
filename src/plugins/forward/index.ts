/*
 * Forwards queries to upstream servers. forwarder.ts is one stanza at work, attempts.ts one query on its way, upstream.ts one server; begin
 * here. It never opens a socket itself: that is src/net/upstream.
 */

import { attempt, type CorefileError, throwAll } from '../../corefile/error.ts';
import { printPosition } from '../../corefile/position.ts';
import { isAtOrBelow } from '../../dns/name.ts';
import { isExplained } from '../../plugin/explained.ts';
import { TAP, TRACER, UPSTREAMS } from '../../plugin/keys.ts';
import { definePlugin, type Handler, type ParseContext } from '../../plugin/plugin.ts';
import type { Arrival, Query } from '../../plugin/query.ts';
import type { Reply } from '../../plugin/reply.ts';
import type { Tracer } from '../../plugin/tracer.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import { createForwarder } from './forwarder.ts';
import { forwardMetrics } from './metrics.ts';
import { parseStanza, type Stanza } from './options.ts';
import { forwardStatus } from './status.ts';
import { encryptionOf } from './target.ts';
import { forwardWords } from './words.ts';

/** Forwards queries to other servers. */
export default definePlugin<readonly Stanza[]>({
  name: 'forward',
  dependsOn: 'marked',

  parse(uses, block) {
    const errors: CorefileError[] = [];
    const stanzas = uses.flatMap((use) => attempt(errors, () => parseStanza(use)) ?? []);
    throwAll(errors);
    warnOfIdleLines(stanzas, block);
    return stanzas;
  },

  ends: (stanzas) => ({
    zones: stanzas.filter(({ except }) => except.length === 0).flatMap(({ from }) => from),
    asked: stanzas.flatMap(({ from }) => from),
  }),

  settings: () => ({ anyClass: true, recursion: true }),

  words: { covers: ['', 'hedge', 'race'], of: forwardWords },

  create(stanzas, env) {
    const metrics = forwardMetrics(env.metrics);
    /** The upstream that answered each query, for its label and to explain it. It is kept only if that is asked for, as every entry costs the garbage collector time. */
    const upstreams = new WeakMap<Arrival, string>();
    const answered = (query: Query, upstream: string) => {
      if (env.block.labelled || isExplained(query)) upstreams.set(query.arrival, upstream);
    };
    let tracer: Tracer | undefined;
    const forwarders = stanzas.map((stanza) =>
      createForwarder(stanza, env, metrics, { answered, tracer: () => tracer }),
    );

    /** The first stanza that matches, in the order of the Corefile, gets the query; the longest zone does not matter. */
    const answerFrom = (first: number, query: Query, next: Handler): Reply | Promise<Reply> => {
      const at = forwarders.findIndex(({ matches }, i) => i >= first && matches(query.name));
      const forwarder = forwarders[at];
      if (!forwarder) return next(query);
      const another = forwarders.some(({ matches }, i) => i > at && matches(query.name));
      const reply = forwarder.forward(query);
      if (!another) return reply;
      return reply.then((reply) => (forwarder.handsOn(reply) ? answerFrom(at + 1, query, next) : reply));
    };

    env.offer(UPSTREAMS, (name) => forwarders.find(({ matches }) => matches(name))?.order() ?? []);

    const shown = whileServing(() => metrics.watch());
    const stop = () => {
      shown.stop();
      for (const forwarder of forwarders) forwarder.stop();
    };
    const orStop = async (steps: readonly Promise<void>[]) => {
      try {
        await Promise.all(steps);
      } catch (thrown) {
        stop();
        throw thrown;
      }
    };
    return {
      wrap(next) {
        [tracer] = env.ask(TRACER);
        const [tap] = env.ask(TAP);
        for (const forwarder of forwarders) forwarder.showTo(tap);
        return (query) => answerFrom(0, query, next);
      },
      label: ({ arrival }, name) => (name === 'upstream' ? upstreams.get(arrival) : undefined),
      explain({ arrival }) {
        const upstream = upstreams.get(arrival);
        return upstream && `upstream ${upstream}`;
      },
      status: () => forwardStatus(forwarders.map((forwarder) => forwarder.status())),
      load: () => orStop(forwarders.map(({ load }) => load())),
      start: () => orStop(forwarders.map(({ start }) => start())),
      serving: shown.serving,
      stop,
    };
  },
});

/** Warns of stanzas that get no queries, and of TLS options without an upstream over TLS. */
function warnOfIdleLines(stanzas: readonly Stanza[], { warn }: ParseContext): void {
  for (const [i, stanza] of stanzas.entries()) {
    const { position, tls, tlsServername, to } = stanza;
    const first = stanzas.slice(0, i).find((other) => takesAll(other, stanza));
    if (first) {
      const message = `never asked: 'forward' at ${printPosition(first.position)} takes all of its names`;
      warn(position, message, 'never-asked');
    }
    const wantsTls = tlsServername !== undefined || tls.position !== position;
    if (stanza.hedge && to.length === 1 && to[0]!.kind === 'address') {
      warn(position, `there is one upstream, so '${stanza.hedge.kind}' has no effect`);
    }
    if (wantsTls && !to.some(encryptionOf)) warn(position, 'no upstream has tls:// or https://, so TLS is not used');
  }
}

/** Whether a later stanza gets no query, because this one takes all of its names. */
function takesAll({ from, except, next, nextOnNodata }: Stanza, other: Stanza): boolean {
  if (except.length > 0 || next.length > 0 || nextOnNodata) return false;
  return other.from.every((zone) => from.some((wider) => isAtOrBelow(zone, wider)));
}
