import type { PluginEnv } from '../../plugin/env.ts';
import { notePassage, passagesOf } from '../../plugin/passages.ts';
import type { Handler, Plugin, PluginDefinition } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { forThisQuery } from '../../plugin/repeat.ts';
import { mapReply, type Reply } from '../../plugin/reply.ts';

/** Reports an error that nobody foresaw, and makes the reply to the client. */
export type Recover = (query: Query, thrown: unknown) => Reply;

/** Whether a plugin's effect depends on the client, so that nothing that passed through it may be given to others. */
export function isConfined({ dependsOn = 'client' }: PluginDefinition): boolean {
  return dependsOn === 'client';
}

const SECTIONS = ['answer', 'authority', 'additional'] as const;

/** What a confined plugin was shown, and what that stands for. */
const queries = new WeakMap<Query, Query>();
const replies = new WeakMap<Reply, Reply>();

/**
 * The handler of a confined plugin. It sees queries and replies that it cannot change in place, as others may have parts of them. A query that it has
 * changed is for its client alone, and so is every reply of it.
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

/** The environment of a confined plugin: its lookups inside the server are treated as the queries that it hands on. */
export function confinedEnv(env: PluginEnv): PluginEnv {
  return { ...env, resolve: (query, question) => mapReply(env.resolve(queryBehind(query), question), shownReply) };
}

/**
 * The handler, of any plugin; what it makes of a query that passed through a confined plugin meanwhile, be it below or in a lookup
 * inside the server, is for this client alone: a failure, too.
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

/** The reply, whose records are decoded and frozen only if the plugin looks at them. */
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

/** @throws TypeError for what is no reply */
function replyBehind(reply: Reply, name: string): Reply {
  const shown = replies.get(reply);
  if (shown) return shown;
  const isReply = typeof reply?.rcode === 'number' && SECTIONS.every((section) => Array.isArray(reply[section]));
  if (isReply) return reply;
  throw new TypeError(`plugin/${name}: its handler returned no reply - make one with createReply`);
}

/** Freezes plain objects and arrays to the bottom, not octets, which cannot be frozen. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
  return value;
}

function isThenable(value: unknown): boolean {
  return typeof (value as Promise<unknown> | undefined)?.then === 'function';
}
