import type { MessageFlags } from '../../dns/message.ts';
import { isExplained } from '../../plugin/explained.ts';
import type { Repetitions } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import type { Reply } from '../../plugin/reply.ts';
import type { Sent } from '../../plugin/sent.ts';
import type { Way } from '../../plugin/server-control.ts';
import type { Block, Route } from './router.ts';
import type { ServerWatch } from './watch.ts';

/** Tells the block's observers, and those who follow the server, what was sent. If one throws, no query is affected. */
export function tellObservers(
  query: Query,
  block: Block,
  reply: Reply,
  flags: MessageFlags,
  octets: number,
  watch: ServerWatch,
  way: Way = 'handled',
): void {
  if (!isTold(block, watch) || isExplained(query)) return;
  const durationMs = watch.clock.monotonic() - query.receivedMs;
  const sent = { reply, flags, octets, durationMs };
  for (const plugin of block.observers) {
    try {
      plugin.observe?.(query, sent);
    } catch (thrown) {
      watch.recovered(query, thrown, block.debug);
    }
  }
  if (watch.followers.all.length > 0) tellFollowers(query, sent, way, watch);
}

/** Whether anybody wants to know of the queries of a block. */
export function isTold({ observers }: Block, { followers }: ServerWatch): boolean {
  return observers.length > 0 || followers.all.length > 0;
}

/** Shows a client's query to those who follow. If one throws, no query is affected. */
export function tellFollowers(query: Query, sent: Sent, way: Way, watch: ServerWatch): void {
  if (isExplained(query)) return;
  for (const follower of watch.followers.all) {
    try {
      follower.query(query, sent, way);
    } catch (thrown) {
      watch.recovered(query, thrown);
    }
  }
}

/** Tells observers of queries that another thread answered with a kept response. */
export function tellRepetitions({ block, zone }: Route, repetitions: Repetitions, watch: ServerWatch): void {
  for (const plugin of block.observers) {
    try {
      plugin.observeRepetitions?.(repetitions);
    } catch (thrown) {
      watch.report({ server: repetitions.server, name: zone, type: repetitions.type }, thrown);
    }
  }
}
