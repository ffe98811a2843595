import type { Step } from '../../admin/protocol/index.ts';
import { messageOf } from '../../base/errors.ts';
import type { Name } from '../../dns/name.ts';
import { beginExplaining } from '../../plugin/explained.ts';
import { type Arrival, createQuery, type Query } from '../../plugin/query.ts';
import { accept } from './accept.ts';
import type { Responder } from './responder.ts';
import type { Block } from './router.ts';
import { type RecordedStep, Recording } from './steps.ts';
import { firstMessage } from './stream.ts';

/** A response, and how it was made. */
export interface Explained {
  /** Undefined if the client gets no response; the first message if it gets many. */
  readonly bytes: Uint8Array | undefined;
  /** The plugin that made the reply; empty for the server itself. */
  readonly plugin: string;
  /** The zone of the server block's key that matched; undefined if none did. */
  readonly zone: Name | undefined;
  /** Undefined if the plugin gives no reason. */
  readonly reason: string | undefined;
  /** The plugins that the query passed, in order; empty if the server records no steps. */
  readonly steps: readonly Step[];
}

/** An explanation on its way. */
export interface Explaining {
  /** The block that serves the query; undefined if none does. */
  readonly block: Block | undefined;
  /** Undefined if no plugin sees the query. */
  readonly recording: Recording | undefined;
  readonly explained: Promise<Explained>;
}

/** Asks for the response to a query, and finds out which plugin answers and why. The memo is not used, no counter moves, and no observer hears of it. */
export function explain(responder: Responder, bytes: Uint8Array, arrival: Arrival): Explaining {
  const end = beginExplaining(arrival);
  const verdict = accept(bytes, responder.options.anyClass);
  const message = verdict.kind === 'query' ? verdict.message : undefined;
  const route = message && responder.route(message, arrival);
  if (!route?.block.handler) {
    const response =
      verdict.kind === 'query' ? responder.refuse(verdict.message, arrival) : responder.reject(verdict, bytes, arrival);
    end();
    const reason = message ? 'no server block serves the name' : 'the message is not a query that this server answers';
    const explained = { bytes: response, plugin: '', zone: undefined, reason, steps: [] };
    return { block: undefined, recording: undefined, explained: Promise.resolve(explained) };
  }
  const recording = new Recording(arrival, responder.watch.clock);
  const query = createQuery(message!, arrival, responder.server, route.zone);
  const explained = explainRouted(responder, query, route.block, recording).finally(end);
  return { block: route.block, recording, explained };
}

async function explainRouted(
  responder: Responder,
  query: Query,
  block: Block,
  recording: Recording,
): Promise<Explained> {
  const made = Promise.resolve(responder.handle(query, block));
  const reply = await made.catch((thrown) => responder.watch.recovered(query, thrown, block.debug));
  const reason = reply.error ? messageOf(reply.error) : reasonOf(recording.steps, () => block.explain?.(query, reply));
  const bytes = firstMessage(responder.finish(query, block, reply));
  return { bytes, plugin: reply.source, zone: query.zone, reason, steps: recording.print() };
}

/** What the plugin said that answered the client's query; without recorded steps, what it says of the client's own question. */
function reasonOf(steps: readonly RecordedStep[], ask: () => string | undefined): string | undefined {
  const answered = steps.findLast(({ query, result }) => query.depth === 0 && result?.did === 'answered');
  return answered ? answered.result!.note : ask();
}
