import { messageOf } from '../../base/errors.ts';
import type { Name } from '../../dns/name.ts';
import type { Arrival } from '../../plugin/query.ts';
import { createQuery } from '../../plugin/query.ts';
import { accept } from './accept.ts';
import type { Responder } from './responder.ts';
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
}

/** The response to a query, with the plugin that answered and why. The memo is not used. */
export async function explain(responder: Responder, bytes: Uint8Array, arrival: Arrival): Promise<Explained> {
  const { options, watch } = responder;
  const verdict = accept(bytes, options.anyClass);
  const message = verdict.kind === 'query' ? verdict.message : undefined;
  const route = message && responder.route(message, arrival);
  if (!route?.block.handler) {
    const reason = message ? 'no server block serves the name' : 'the message is not a query that this server answers';
    return { bytes: firstMessage(await responder.answer(bytes, arrival)), plugin: '', zone: undefined, reason };
  }
  const { block, zone } = route;
  const query = createQuery(message!, arrival, options.server, zone);
  const made = Promise.resolve(responder.handle(query, block));
  const reply = await made.catch((thrown) => watch.recovered(query, thrown, block.debug));
  const reason = reply.error ? messageOf(reply.error) : block.explain?.(query, reply);
  return { bytes: firstMessage(responder.finish(query, block, reply)), plugin: reply.source, zone, reason };
}
