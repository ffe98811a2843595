import type { Metrics } from '../observe/metrics.ts';

/** The metrics of one snapshot. */
export interface SnapshotMetrics {
  /** `missing`: there was no file. */
  restored(result: 'used' | 'refused' | 'missing'): void;
  /** `nowMs` is the wall clock's time. */
  written(octets: number, nowMs: number): void;
  failed(): void;
}

export function snapshotMetrics(metrics: Metrics, path: string): SnapshotMetrics {
  const restores = metrics.counter(
    'cairn_snapshot_restores_total',
    'Snapshots that were read at a start, by result: used, refused, or missing.',
    ['path', 'result'],
  );
  const writes = metrics.counter(
    'cairn_snapshot_writes_total',
    'Snapshots that were written, by result: written or failed.',
    ['path', 'result'],
  );
  const octets = metrics.gauge('cairn_snapshot_bytes', 'The size of the last snapshot, in octets.', ['path']);
  const writtenAt = metrics.gauge(
    'cairn_snapshot_written_timestamp_seconds',
    'When the last snapshot was written, in Unix seconds.',
    ['path'],
  );
  // Alerts see the first failure only if there was a zero before.
  writes.cell(path, 'failed');
  return {
    restored: (result) => void restores.cell(path, result).value++,
    written(size, nowMs) {
      writes.cell(path, 'written').value++;
      octets.cell(path).value = size;
      writtenAt.cell(path).value = nowMs / 1000;
    },
    failed: () => void writes.cell(path, 'failed').value++,
  };
}
