/*
 * Sends traces of queries to a collector of OpenTelemetry. Begin here; spans.ts says which steps of a query have spans, otlp.ts sends them. A query never
 * waits for a trace.
 */

import { printRcode } from '../../dns/message.ts';
import { printType } from '../../dns/rr.ts';
import { isExplained } from '../../plugin/explained.ts';
import { TRACER } from '../../plugin/keys.ts';
import { definePlugin, type Sent } from '../../plugin/plugin.ts';
import type { Arrival, Query } from '../../plugin/query.ts';
import type { SpanAttributes } from '../../plugin/tracer.ts';
import { createExporter } from './exporter.ts';
import { parseTrace, type TraceOptions } from './options.ts';
import { runStep, runUntraced, Step } from './spans.ts';

/** CoreDNS's name for the span of a query. */
const QUERY_SPAN = 'servedns';

/** Traces queries through the plugins of the block. */
export default definePlugin<TraceOptions>({
  name: 'trace',
  dependsOn: 'question',

  parse: parseTrace,

  create(options, env) {
    const { every, ...where } = options;
    const exporter = env.keep(JSON.stringify(where), () => createExporter(options, env));
    /** The queries that were seen, with null for those that are not traced. */
    const queries = new WeakMap<Arrival, Step | null>();
    let isServing = false;
    let count = 0;
    const choose = ({ arrival }: Query): Step | null => {
      const isChosen = isServing && ++count % every === 0;
      const step = isChosen ? Step.ofQuery(QUERY_SPAN, arrival.receivedMs, exporter.begin, env.clock) : null;
      queries.set(arrival, step);
      return step;
    };
    env.offer(TRACER, { span: runStep });
    return {
      wrap: (next) => (query) => {
        // A lookup inside the server belongs to the query that led to it.
        if (query.depth > 0) return next(query);
        const step = isExplained(query) ? null : choose(query);
        return step ? step.run(() => next(query)) : runUntraced(() => next(query));
      },
      observe(query, sent) {
        const known = queries.get(query.arrival);
        // No plugin saw the query: it is answered from the memo, or by a plugin before this one.
        const step = known === undefined ? choose(query) : known;
        step?.end(describe(query, sent), sent.reply.error?.message);
      },
      label: ({ arrival }, name) => (name === 'traceid' ? queries.get(arrival)?.span.traceId : undefined),
      start: () => exporter.load(),
      status: () => exporter.status(),
      serving: () => {
        isServing = true;
      },
    };
  },
});

/** CoreDNS's attributes, so that searches for them go on, and what it does not say. */
function describe(query: Query, { reply }: Sent): SpanAttributes {
  return {
    'coredns.io/name': query.name,
    'coredns.io/type': printType(query.type),
    ...(!reply.drop && { 'coredns.io/rcode': printRcode(reply.rcode) }),
    'coredns.io/proto': query.protocol,
    'coredns.io/remote': query.client.address,
    'cairn.plugin': reply.source,
  };
}
