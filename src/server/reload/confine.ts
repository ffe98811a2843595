import type { PluginEnv } from '../../plugin/env.ts';
import { notePassage, passagesOf } from '../../plugin/passages.ts';
import type { Handler, Plugin, PluginDefinition } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { forThisQuery } from '../../plugin/repeat.ts';
import { mapReply, type Reply } from '../../plugin/reply.ts';

/** Reports an unexpected error, and makes the reply to the client. */
export type Recover = (query: Query, thrown: unknown) => Reply;

/** Whether a plugin's effect depends on the client, so that replies that passed through it must not go to other clients. */
export function isConfined({ dependsOn = 'client' }: PluginDefinition): boolean {
  return dependsOn === 'client';
}

const SECTIONS = ['answer', 'authority', 'additional'] as const;

/** The queries that confined plugins were given, each with the original. */
const queries = new WeakMap<Query, Query>();
const replies = new WeakMap<Reply, Reply>();

/**
 * The handler of a confined plugin. The plugin cannot change queries and replies in place, as others may share parts of them. A query that it has
 * changed is for its client alone, and so is every reply of the plugin.
 */
export function confinedHandler(
  name: string,
  { wrap }: Pick<Plugin, 'wrap'>,
  next: Handler,
  recover: Recover,
): Handler {
  const handler = wrap!((query) => mapReply(next(queryBehind(query)), shownReply));
  return (query) => {
    notePassage(query);
    const settle = (reply: Reply) => forThisQuery(replyBehind(reply, name));
    const failed = (thrown: unknown) => forThisQuery(recover(query, thrown));
    try {
      const reply: unknown = handler(shownQuery(query));
      return isThenable(reply)
        ? Promise.resolve(reply as Promise<Reply>)
            .then(settle)
            .catch(failed)
        : settle(reply as Reply);
    } catch (thrown) {
      return failed(thrown);
    }
  };
}

/** The environment of a confined plugin: its lookups inside the server are treated like the queries that it passes on. */
export function confinedEnv(env: PluginEnv): PluginEnv {
  return { ...env, resolve: (query, question) => mapReply(env.resolve(queryBehind(query), question), shownReply) };
}

/**
 * Wraps the handler of any plugin. If the query passes through a confined plugin meanwhile, below or in a lookup inside the server, the reply or the
 * failure is for this client alone.
 */
export function watchedHandler(handler: Handler, recover: Recover): Handler {
  return (query) => {
    const before = passagesOf(query);
    const settle = (reply: Reply) => (passagesOf(query) === before ? reply : forThisQuery(reply));
    const failed = (thrown: unknown): Reply => {
      if (passagesOf(query) === before) throw thrown;
      return forThisQuery(recover(query, thrown));
    };
    try {
      const reply = handler(query);
      return reply instanceof Promise ? reply.then(settle).catch(failed) : settle(reply);
    } catch (thrown) {
      return failed(thrown);
    }
  };
}

function shownQuery(query: Query): Query {
  const { client, local, question, edns, message } = query;
  for (const part of [question, edns, message]) freeze(part);
  const shown = Object.freeze({ ...query, client: Object.freeze({ ...client }), local: Object.freeze({ ...local }) });
  queries.set(shown, query);
  return shown;
}

function queryBehind(query: Query): Query {
  return queries.get(query) ?? { ...query, tailored: true };
}

/** The reply for a confined plugin. Its records are decoded and frozen only if the plugin reads them. */
function shownReply(reply: Reply): Reply {
  const shown = saidOf(reply);
  for (const section of SECTIONS) {
    Object.defineProperty(shown, section, { enumerable: true, get: () => freeze(reply[section]) });
  }
  Object.freeze(shown);
  replies.set(shown as Reply, reply);
  return shown as Reply;
}

function saidOf(reply: Reply): Omit<Reply, 'answer' | 'authority' | 'additional'> {
  const { rcode, aa, ra, ad, tc, following, fixedFlags, ednsOptions, source, error, uncacheable, repeat, drop } = reply;
  freeze(fixedFlags);
  freeze(ednsOptions);
  return { rcode, aa, ra, ad, tc, following, fixedFlags, ednsOptions, source, error, uncacheable, repeat, drop };
}

/** @throws TypeError if the value is not a reply */
function replyBehind(reply: Reply, name: string): Reply {
  const shown = replies.get(reply);
  if (shown) return shown;
  const isReply = typeof reply?.rcode === 'number' && SECTIONS.every((section) => Array.isArray(reply[section]));
  if (isReply) return reply;
  throw new TypeError(`plugin/${name}: its handler did not return a reply - make one with createReply`);
}

/** Freezes plain objects and arrays deeply, except octets, which cannot be frozen. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
  return value;
}

function isThenable(value: unknown): boolean {
  return typeof (value as Promise<unknown> | undefined)?.then === 'function';
}
