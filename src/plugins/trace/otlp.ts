/*
 * The only file with OpenTelemetry's packages. It is loaded when a server with `trace` starts, and never before: a static import of it would put them into
 * every start.
 */

import { hostname } from 'node:os';
import { type HrTime, type Span as OtelSpan, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type Span as RecordedSpan,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { SpanAttributes } from '../../plugin/tracer.ts';
import { VERSION } from '../../version.ts';
import type { TraceOptions } from './options.ts';
import type { Span, SpanStart } from './spans.ts';

/** What becomes of spans. */
export interface SpanOutcomes {
  exported(count: number): void;
  /** Too many spans wait, so one is lost. */
  dropped(): void;
  /** The collector did not take them. */
  failed(count: number, error: Error | undefined): void;
}

/** Sends spans to a collector. */
export interface Otlp {
  begin(start: SpanStart): Span;
  /** Sends what waits, and gives everything back. */
  stop(): Promise<void>;
}

const KINDS = { server: SpanKind.SERVER, internal: SpanKind.INTERNAL, client: SpanKind.CLIENT };
/** The result code of a request that succeeded, as in `ExportResultCode`. */
const SUCCESS = 0;

/** Nothing here is global: a program that uses Cairn may use OpenTelemetry, too. */
export function startOtlp(options: TraceOptions, outcomes: SpanOutcomes): Otlp {
  const { url, service, maxBacklog, maxBatch, intervalMs } = options;
  const backlog = new Backlog(new OTLPTraceExporter({ url }), maxBacklog, outcomes);
  const batches = new BatchSpanProcessor({
    exporter: backlog,
    maxQueueSize: maxBacklog,
    maxExportBatchSize: maxBatch,
    scheduledDelayMillis: intervalMs,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'host.name': hostname() })
      .merge(detectResources({ detectors: [envDetector] }))
      .merge(resourceFromAttributes({ 'service.name': service, 'service.version': VERSION })),
    spanProcessors: [backlog.inFrontOf(batches)],
  });
  const tracer = provider.getTracer('cairn-dns', VERSION);
  const begin = ({ name, kind, atMs, attributes = {} }: SpanStart, parent?: OtelSpan): Span => {
    const context = parent ? trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    const span = tracer.startSpan(name, { kind: KINDS[kind], startTime: timeOf(atMs), attributes }, context);
    return {
      traceId: span.spanContext().traceId,
      begin: (start) => begin(start, span),
      end: (atMs, attributes, error) => endSpan(span, atMs, attributes, error),
    };
  };
  return { begin: (start) => begin(start), stop: () => provider.shutdown() };
}

function endSpan(span: OtelSpan, atMs: number, attributes: SpanAttributes, error: string | undefined): void {
  span.setAttributes(attributes);
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
  span.end(timeOf(atMs));
}

/** OpenTelemetry reads a small number as the time since the start of the process. */
function timeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
}

/** Counts what becomes of spans. The processor that makes batches drops spans without a word, so this keeps its bound instead. */
class Backlog implements SpanExporter {
  private readonly exporter: SpanExporter;
  private readonly max: number;
  private readonly outcomes: SpanOutcomes;
  private waiting = 0;

  constructor(exporter: SpanExporter, max: number, outcomes: SpanOutcomes) {
    this.exporter = exporter;
    this.max = max;
    this.outcomes = outcomes;
  }

  inFrontOf(batches: SpanProcessor): SpanProcessor {
    return {
      onStart: (span: RecordedSpan, context) => batches.onStart(span, context),
      onEnd: (span) => {
        if (this.waiting >= this.max) return this.outcomes.dropped();
        this.waiting++;
        batches.onEnd(span);
      },
      forceFlush: () => batches.forceFlush(),
      shutdown: () => batches.shutdown(),
    };
  }

  export: SpanExporter['export'] = (spans: ReadableSpan[], done) => {
    this.waiting -= spans.length;
    this.exporter.export(spans, (result) => {
      if (result.code === SUCCESS) this.outcomes.exported(spans.length);
      else this.outcomes.failed(spans.length, result.error);
      done(result);
    });
  };

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }
}
