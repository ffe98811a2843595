import type { OwnStatus } from '../../plugin/status.ts';
import type { SinkStatus } from './kept-sink.ts';

/** The status of all taps. */
export function tapStatus(taps: readonly SinkStatus[]): OwnStatus {
  const broken = taps.filter(({ problem }) => problem !== undefined);
  const sum = (of: 'connections' | 'queued' | 'sent' | 'dropped') => taps.reduce((total, tap) => total + tap[of], 0);
  const figures = {
    connections: sum('connections'),
    queued: sum('queued'),
    sent: sum('sent'),
    dropped: sum('dropped'),
  };
  if (broken.length === 0) return { summary: `Messages sent: ${figures.sent}.`, figures };
  const which = broken.map(({ name, problem }) => `${name}: ${problem}`).join('; ');
  const remedy = 'Check that the program that records them runs and keeps up. Queries are answered all the same.';
  return { state: 'degraded', summary: `Messages do not reach a tap: ${which}. ${remedy}`, figures };
}
