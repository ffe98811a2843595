import type { Cell } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';

/** What streams of lines need of the world. */
export interface ViewerEnv extends Pick<PluginEnv, 'clock' | 'random'> {
  /** Counts queries that a viewer did not see because they came faster than its rate. */
  readonly sampledOut: Cell;
  /** Counts lookups of search lists that were no longer followed, because there were too many. */
  readonly displaced: Cell;
}

export function viewerEnv({ clock, random, metrics }: Pick<PluginEnv, 'clock' | 'random' | 'metrics'>): ViewerEnv {
  const counter = (name: string, help: string) => metrics.counter(name, help).cell();
  return {
    ...{ clock, random },
    sampledOut: counter(
      'cairn_admin_sampled_out_queries_total',
      'Queries that a viewer of the admin interface did not see, because they came faster than its rate.',
    ),
    displaced: counter(
      'cairn_admin_displaced_lookups_total',
      'Lookups that were no longer followed for viewers of the admin interface, because there were too many to find wasted queries.',
    ),
  };
}

/** Settles when a viewer has gone. */
export function gone(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
