import type { Clock, Timer } from '../../observe/clock.ts';
import { createEpisode } from '../../observe/episode.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import type { OwnStatus } from '../../plugin/status.ts';
import type { TraceOptions } from './options.ts';
import type { Otlp, SpanOutcomes } from './otlp.ts';
import type { Span, SpanStart } from './spans.ts';

/** How long the end of the server, or a reload, waits until the last spans are sent. */
const STOP_MS = 2000;

/** Sends the spans of all blocks that say the same about it. It outlives reloads. */
export interface Exporter extends Kept {
  /** Loads OpenTelemetry's packages. */
  load(): Promise<void>;
  /** Begins a span; to be called once loaded. */
  begin(start: SpanStart): Span;
  status(): OwnStatus;
}

export function createExporter(options: TraceOptions, env: PluginEnv): Exporter {
  const { url } = options;
  const { outcomes, status } = countOutcomes(url, env);
  let loading: Promise<void> | undefined;
  let otlp: Otlp | undefined;
  const load = async () => {
    const { startOtlp } = await import('./otlp.ts');
    otlp = startOtlp(options, outcomes);
  };
  return {
    load() {
      loading ??= load();
      return loading;
    },
    begin: (start) => otlp!.begin(start),
    status,
    async stop() {
      if (!otlp) return;
      // A batch that fails is counted and logged already.
      const sent = otlp.stop().catch(() => {});
      await withinTime(sent, env.clock, () => {
        env.log.warning(`spans are lost: ${url} has not taken the last ones within ${STOP_MS / 1000}s`);
      });
    },
  };
}

/** Waits for something that never rejects, but not for long. */
async function withinTime(done: Promise<void>, clock: Clock, tooLate: () => void): Promise<void> {
  let timer: Timer | undefined;
  const late = new Promise<void>((resolve) => {
    timer = clock.after(STOP_MS, () => {
      tooLate();
      resolve();
    });
  });
  await Promise.race([done, late]);
  timer?.cancel();
}

function countOutcomes(
  url: string,
  { metrics, clock, log }: PluginEnv,
): { outcomes: SpanOutcomes; status(): OwnStatus } {
  const help = 'Spans of traces: exported, failed if the collector did not take them, dropped if too many waited.';
  const spans = metrics.counter('cairn_trace_spans_total', help, ['result']);
  const [exported, failed, dropped] = [spans.cell('exported'), spans.cell('failed'), spans.cell('dropped')];
  const lost = createEpisode(clock, (why) => log.warning(`spans are lost: ${why}`));
  const outcomes: SpanOutcomes = {
    exported(count) {
      exported.value += count;
    },
    failed(count, error) {
      failed.value += count;
      lost(`${url} does not take them: ${reasonOf(error)}`);
    },
    dropped() {
      dropped.value++;
      lost('too many wait to be sent');
    },
  };
  const status = (): OwnStatus => {
    const figures = { exported: exported.value, failed: failed.value, dropped: dropped.value };
    const why = lost.present();
    if (why === undefined) return { summary: `Spans sent to ${url}: ${exported.value}.`, figures };
    const remedy =
      'Check that the collector runs, and that this server can reach it. Queries are answered all the same.';
    return { state: 'degraded', summary: `Spans are lost: ${why}. ${remedy}`, figures };
  };
  return { outcomes, status };
}

/** The error of a response has the status as its code; that of a status that asks for patience has none. */
function reasonOf(error: (Error & { readonly code?: unknown }) | undefined): string {
  const { code, message = 'no reason is known' } = error ?? {};
  return typeof code === 'number' ? `${code} ${message}` : message;
}
