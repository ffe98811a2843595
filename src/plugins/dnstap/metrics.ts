import type { FrameSink } from '../../net/frame-stream/sink.ts';
import type { FrameCounts } from '../../net/frame-stream/writer.ts';
import type { Metrics } from '../../observe/metrics.ts';

export interface DnstapMetrics {
  /** Counts the messages of a tap, by its name in the Corefile. */
  countsOf(tap: string): FrameCounts;
  /** Shows the state of a sink, added to that of others with its name. Returns a function that ends it. */
  watch(tap: string, sink: FrameSink): () => void;
}

export function dnstapMetrics(metrics: Metrics): DnstapMetrics {
  const written = metrics.counter('cairn_dnstap_messages_total', 'Messages that were sent to a tap.', ['tap']);
  const dropped = metrics.counter(
    'cairn_dnstap_dropped_messages_total',
    'Messages that a tap did not get, by reason: queue (it was full), connection (it ended before they were sent).',
    ['tap', 'reason'],
  );
  const queued = metrics.gauge('cairn_dnstap_queued_messages', 'Messages that wait for a tap.', ['tap']);
  const connections = metrics.gauge('cairn_dnstap_connections', 'Open connections to a tap, or of a listener.', [
    'tap',
  ]);
  return {
    countsOf(tap) {
      const [sent, full, lost] = [written.cell(tap), dropped.cell(tap, 'queue'), dropped.cell(tap, 'connection')];
      return {
        written(frames) {
          sent.value += frames;
        },
        full() {
          full.value++;
        },
        lost(frames) {
          lost.value += frames;
        },
      };
    },
    watch: (tap, sink) =>
      metrics.show([queued, connections], () => {
        queued.cell(tap).value += sink.queued;
        connections.cell(tap).value += sink.connections;
      }),
  };
}
