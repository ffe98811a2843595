import type { PluginState, PluginStatus } from '../admin/protocol/index.ts';

/** What a plugin says of how it does; without a state, it is `ok`. */
export type OwnStatus = Partial<Omit<PluginStatus, 'name' | 'text'>>;

/** From the best to the worst. */
export const STATES: readonly PluginState[] = ['ok', 'waiting', 'degraded', 'failing'];

/** The worst of some states; `ok` if there are none. */
export function worstState(states: Iterable<PluginState>): PluginState {
  let worst = 0;
  for (const state of states) worst = Math.max(worst, STATES.indexOf(state));
  return STATES[worst]!;
}

/** Sorts by state, the worst first; among equals, the order stays. */
export function worstFirst<T extends { readonly state: PluginState }>(all: readonly T[]): T[] {
  return all.toSorted((a, b) => STATES.indexOf(b.state) - STATES.indexOf(a.state));
}
