import type { PluginEnv } from '../../plugin/env.ts';
import { SEARCH_LIST, SELECTION, TRANSFERS } from '../../plugin/keys.ts';
import type { OfferKey } from '../../plugin/offer.ts';
import { notePassage, passagesOf } from '../../plugin/passages.ts';
import type { Handler, Plugin, PluginDefinition, Sent } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { forThisQuery } from '../../plugin/repeat.ts';
import { mapReply, type Reply } from '../../plugin/reply.ts';
import type { TransferableZone, TransferSource } from '../../plugin/transfer.ts';
import { MemoQuery } from '../memo/query.ts';
import { copied, eachFrozen, frozen } from './frozen.ts';

/** Reports an unexpected error, and makes the reply to the client. */
export type Recover = (query: Query, thrown: unknown) => Reply;

/** Whether a plugin's effect may depend on the client, so that replies that passed through it must not go to other clients. */
export function isConfined({ dependsOn }: PluginDefinition): boolean {
  return dependsOn !== 'question' && dependsOn !== 'marked';
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
export function confinedHandler(name: string, plugin: Pick<Plugin, 'wrap'>, next: Handler, recover: Recover): Handler {
  const handler = handlerOf(plugin, (query) => mapReply(next(queryBehind(query)), shownReply));
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

/** The handler that a plugin makes. @throws TypeError if it makes none */
export function handlerOf(plugin: Pick<Plugin, 'wrap'>, next: Handler): Handler {
  const handler: unknown = plugin.wrap!(next);
  if (typeof handler === 'function') return handler as Handler;
  throw new TypeError('its wrap did not return a handler - return next to leave all queries to the plugins below');
}

/**
 * The environment of a confined plugin. Its lookups inside the server are treated like the queries that it passes on, and others ask what it offers like its
 * labels.
 */
export function confinedEnv(env: PluginEnv): PluginEnv {
  return {
    ...env,
    resolve: (query, question) => mapReply(env.resolve(queryBehind(query), question), shownReply),
    offer: (key, value) => env.offer(key, confinedOffer(key, value)),
    ask: (key, plugin) => env.ask(key, plugin).map((value) => shownOffer(key, value)),
  };
}

/** What a confined plugin offers: a plugin that asks it about a query gets a reply for that query's client alone. */
function confinedOffer<T>(key: OfferKey<T>, value: T): T {
  if (!isOneOf(key, SELECTION, SEARCH_LIST) || typeof value !== 'function') return value;
  const asked = (query: Query) => {
    notePassage(query);
    return value(toldQuery(query));
  };
  return asked as T;
}

/** What others offer to a confined plugin. It cannot change the records of their zones. */
function shownOffer<T>(key: OfferKey<T>, value: T): T {
  return isOneOf(key, TRANSFERS) ? (shownZones(value as TransferSource) as T) : value;
}

function isOneOf(key: object, ...keys: readonly object[]): boolean {
  return keys.includes(key);
}

function shownZones(source: TransferSource): TransferSource {
  const shown = (zone: TransferableZone): TransferableZone => ({
    serial: zone.serial,
    soa: frozen(zone.soa),
    digest: zone.digest,
    digesting: zone.digesting,
    records: () => eachFrozen(zone.records()),
    changesSince(serial, digest) {
      const changes = zone.changesSince?.(serial, digest);
      return changes && eachFrozen(changes);
    },
  });
  return {
    get zones() {
      return source.zones;
    },
    zone(name, byDigest) {
      const zone = source.zone(name, byDigest);
      return zone && shown(zone);
    },
    onChange: (zone, listener) => source.onChange(zone, listener),
    ...(source.onZones && { onZones: (listener) => source.onZones!(listener) }),
  };
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
  // It decodes what its observer reads, and other observers have theirs.
  if (query instanceof MemoQuery) return query.copy();
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
  if (isReply) return detached(reply);
  throw new TypeError(`plugin/${name}: its handler did not return a reply - make one with createReply`);
}

/** A reply that the plugin made. The plugin may use the same records for its next reply, and change them. */
function detached(reply: Reply): Reply {
  const { answer, authority, additional, fixedFlags, ednsOptions } = reply;
  return { ...reply, ...copied({ answer, authority, additional, fixedFlags, ednsOptions }) };
}

function isThenable(value: unknown): boolean {
  return typeof (value as Promise<unknown> | undefined)?.then === 'function';
}
