import type { Cell } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';

/** Counters of what viewers of `GET /v1/tail` got, and what not. */
export interface TailCells {
  readonly shown: Cell;
  /** Left out because they came faster than the viewer's rate. */
  readonly sampledOut: Cell;
  /** Left out because the viewer read too slowly. */
  readonly dropped: Cell;
}

/** What streams of lines need of the world. */
export interface ViewerEnv extends Pick<PluginEnv, 'clock' | 'random'> {
  readonly cells: TailCells;
  /** Counts lookups of search lists that were no longer followed, because there were too many. */
  readonly displaced: Cell;
}

export function viewerEnv({ clock, random, metrics }: Pick<PluginEnv, 'clock' | 'random' | 'metrics'>): ViewerEnv {
  const help =
    'Queries for viewers of the admin interface: shown, sampled out, or dropped as the viewer read too slowly.';
  const queries = metrics.counter('cairn_admin_tail_queries_total', help, ['result']);
  const cell = (result: string) => queries.cell(result);
  return {
    ...{ clock, random },
    cells: { shown: cell('shown'), sampledOut: cell('sampled_out'), dropped: cell('dropped') },
    displaced: metrics
      .counter(
        'cairn_admin_displaced_lookups_total',
        'Lookups that were no longer followed for viewers of the admin interface, because there were too many.',
      )
      .cell(),
  };
}

/** Settles when a viewer has gone. */
export function gone(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
