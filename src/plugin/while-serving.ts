import type { Plugin } from './plugin.ts';

/**
 * What a plugin shows in metrics of what it has now: from when its listeners are open, so that a reload that fails leaves
 * that to the plugins that go on serving, until it is stopped, as otherwise the metrics would keep what nobody serves.
 *
 * @param show begins, and returns how to end it.
 */
export function whileServing(show: () => () => void): Required<Pick<Plugin, 'serving' | 'stop'>> {
  let hide = () => {};
  return {
    serving() {
      hide = show();
    },
    stop: () => hide(),
  };
}
