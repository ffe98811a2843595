import type { Arrival, Query } from './query.ts';

/** For each client's message: how often its queries have passed through a plugin whose effect depends on the client. */
const passages = new WeakMap<Arrival, number>();

/** Notes that the query passes through a plugin whose effect depends on the client: see {@link PluginDefinition.dependsOn}. */
export function notePassage({ arrival }: Query): void {
  passages.set(arrival, passagesOf({ arrival }) + 1);
}

/** How often that has happened so far. If the count moves while a reply is made, the reply is for this client alone. */
export function passagesOf({ arrival }: Pick<Query, 'arrival'>): number {
  return passages.get(arrival) ?? 0;
}
