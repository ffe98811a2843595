import type { Plugin } from './plugin.ts';

/**
 * Shows the state of a plugin in metrics, from when its listeners are open until it is stopped. So after a reload that fails, the metrics still show
 * the plugins that go on serving, and never one that is gone.
 *
 * @param show begins it, and returns a function that ends it.
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
