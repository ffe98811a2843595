import type { ResourceRecord } from '../../dns/rr.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { notePassage, passagesOf } from '../../plugin/passages.ts';
import type { Handler, Plugin, PluginDefinition, Sent } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { forThisQuery } from '../../plugin/repeat.ts';
import { mapReply, type Reply } from '../../plugin/reply.ts';
import { MemoQuery } from '../memo/query.ts';

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
/** The copy of each reply that plugins are shown: observers get it again at each repetition. */
const shownReplies = new WeakMap<Reply, Reply>();

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

/** The methods of a plugin that are told of queries and replies, beside the handler. */
export type Hooks = Pick<Plugin, 'observe' | 'observeRepetitions' | 'label' | 'explain'>;

/** The hooks of a confined plugin. It cannot change the queries and replies that it gets, as others may share parts of them. */
export function confinedHooks(plugin: Hooks): Hooks {
  const { observe, observeRepetitions, label, explain } = plugin;
  return {
    ...(observe && { observe: (query, sent) => observe.call(plugin, toldQuery(query), shownSent(sent)) }),
    ...(observeRepetitions && {
      observeRepetitions: (repetitions) =>
        observeRepetitions.call(plugin, Object.freeze({ ...repetitions, reply: shownReply(repetitions.reply) })),
    }),
    ...(label && { label: (query, name) => label.call(plugin, toldQuery(query), name) }),
    ...(explain && { explain: (query, reply) => explain.call(plugin, toldQuery(query), shownReply(reply)) }),
  };
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
  const shown = toldQuery(query);
  queries.set(shown, query);
  return shown;
}

/** The query, for a plugin that does not hand it on. */
function toldQuery(query: Query): Query {
  const { arrival } = query;
  Object.freeze(arrival.client);
  Object.freeze(arrival.local);
  Object.freeze(arrival);
  // It is made for those who observe it, and decodes what they read.
  if (query instanceof MemoQuery) return query;
  return Object.freeze({
    ...query,
    client: frozen(query.client),
    local: frozen(query.local),
    message: frozen(query.message),
    question: frozen(query.question),
    edns: frozen(query.edns),
  });
}

function queryBehind(query: Query): Query {
  return queries.get(query) ?? { ...query, tailored: true };
}

/**
 * The reply for a confined plugin. Its records are decoded and frozen only if the plugin reads them. The plugin does not see `repeat`, which is
 * removed anyway.
 */
function shownReply(reply: Reply): Reply {
  const before = shownReplies.get(reply);
  if (before) return before;
  const shown = saidOf(reply);
  for (const section of SECTIONS) {
    Object.defineProperty(shown, section, { enumerable: true, get: () => frozen(reply[section]) });
  }
  Object.freeze(shown);
  replies.set(shown as Reply, reply);
  shownReplies.set(reply, shown as Reply);
  return shown as Reply;
}

function saidOf(reply: Reply): Omit<Reply, 'answer' | 'authority' | 'additional'> {
  const { rcode, aa, ra, ad, tc, source, error, uncacheable, drop } = reply;
  const following = reply.following && eachFrozen(reply.following);
  const [fixedFlags, ednsOptions] = [frozen(reply.fixedFlags), frozen(reply.ednsOptions)];
  const repeat = undefined;
  return { rcode, aa, ra, ad, tc, following, fixedFlags, ednsOptions, source, error, uncacheable, repeat, drop };
}

function eachFrozen(records: Iterable<ResourceRecord>): Iterable<ResourceRecord> {
  return {
    *[Symbol.iterator]() {
      for (const record of records) yield frozen(record);
    },
  };
}

function shownSent({ reply, flags, octets, durationMs }: Sent): Sent {
  const { qr, opcode, aa, tc, rd, ra, ad, cd } = flags;
  const shownFlags = Object.freeze({ qr, opcode, aa, tc, rd, ra, ad, cd });
  return Object.freeze({ reply: shownReply(reply), flags: shownFlags, octets, durationMs });
}

/** @throws TypeError if the value is not a reply */
function replyBehind(reply: Reply, name: string): Reply {
  const shown = replies.get(reply);
  if (shown) return shown;
  const isReply = typeof reply?.rcode === 'number' && SECTIONS.every((section) => Array.isArray(reply[section]));
  if (isReply) return reply;
  throw new TypeError(`plugin/${name}: its handler did not return a reply - make one with createReply`);
}

/** Freezes plain objects and arrays to the bottom; those with octets, which cannot be frozen, are copied. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (ArrayBuffer.isView(value)) return Uint8Array.from(value as unknown as Uint8Array) as T;
  let copy: T | undefined;
  for (const key of Object.keys(value) as (keyof T)[]) {
    const part = frozen(value[key]);
    if (part === value[key]) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as T;
    copy[key] = part;
  }
  return Object.freeze(copy ?? value);
}

function isThenable(value: unknown): boolean {
  return typeof (value as Promise<unknown> | undefined)?.then === 'function';
}
