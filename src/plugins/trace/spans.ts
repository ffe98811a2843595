import { AsyncLocalStorage } from 'node:async_hooks';
import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../observe/clock.ts';
import type { SpanAttributes, SpanDetails } from '../../plugin/tracer.ts';

export type SpanKind = 'server' | 'internal' | 'client';

/** What is told of a span when it begins; the time is in milliseconds since the Unix epoch. */
export interface SpanStart {
  readonly name: string;
  readonly kind: SpanKind;
  readonly atMs: number;
  readonly attributes?: SpanAttributes;
}

/** A span in the making. If it never ends, nobody gets to know of it. */
export interface Span {
  readonly traceId: string;
  /** Begins a span below this one. */
  begin(start: SpanStart): Span;
  end(atMs: number, attributes: SpanAttributes, error?: string): void;
}

/** The innermost step that the present code belongs to; undefined if no traced query led here. It also holds after an `await`, and in timers. */
const current = new AsyncLocalStorage<Step | undefined>();

/** A step of a traced query, or the whole query. */
export class Step {
  readonly span: Span;
  private readonly time: () => number;
  /** Undefined for the whole query. */
  private readonly around: Step | undefined;
  /** A step that waits for nothing has no span. Whether it waits is known only once spans below its own may have begun. */
  private state: 'new' | 'kept' | 'forgotten' = 'new';

  private constructor(span: Span, time: () => number, around?: Step) {
    this.span = span;
    this.time = time;
    this.around = around;
  }

  /** A query that came at this monotonic time. */
  static ofQuery(name: string, receivedMs: number, begin: (start: SpanStart) => Span, clock: Clock): Step {
    // Found once for each query, so that a clock that is set meanwhile does not distort it.
    const offsetMs = clock.now() - clock.monotonic();
    const span = begin({ name, kind: 'server', atMs: receivedMs + offsetMs });
    const step = new Step(span, () => clock.monotonic() + offsetMs);
    step.keep();
    return step;
  }

  /** Runs the rest of the query, of which the spans are below this one. */
  run<R>(run: () => R): R {
    return current.run(this, run);
  }

  end(attributes: SpanAttributes = {}, error?: string): void {
    this.span.end(this.time(), attributes, error);
  }

  begin(name: string, { isExchange, attributes = {} }: Pick<SpanDetails<never>, 'isExchange' | 'attributes'>): Step {
    let around: Step = this;
    while (around.state === 'forgotten') around = around.around!;
    const kind = isExchange ? 'client' : 'internal';
    return new Step(around.span.begin({ name, kind, atMs: this.time(), attributes }), this.time, around);
  }

  /** Keeps the span, and those around it. */
  keep(): void {
    if (this.state === 'kept') return;
    this.state = 'kept';
    this.around?.keep();
  }

  /** Ends a step that did not wait. Its span is kept if one below it is. */
  leave(): void {
    if (this.state === 'kept') this.end();
    else this.state = 'forgotten';
  }

  fail(thrown: unknown): void {
    this.keep();
    this.end({}, messageOf(thrown));
  }
}

/** Runs something that belongs to no traced query. */
export function runUntraced<R>(run: () => R): R {
  return current.getStore() === undefined ? run() : current.run(undefined, run);
}

/** Runs a step of the query that led here: see {@link Tracer.span}. */
export function runStep<R>(name: string, run: () => R, details: SpanDetails<Awaited<R>> = {}): R {
  const step = current.getStore()?.begin(name, details);
  if (!step) return run();
  try {
    const result = step.run(run);
    if (result instanceof Promise) return watch(step, result, details) as R;
    step.leave();
    return result;
  } catch (thrown) {
    step.fail(thrown);
    throw thrown;
  }
}

function watch<T>(step: Step, promise: Promise<T>, { describe }: SpanDetails<T>): Promise<T> {
  step.keep();
  return promise.then(
    (result) => {
      step.end(describe?.(result));
      return result;
    },
    (thrown) => {
      step.fail(thrown);
      throw thrown;
    },
  );
}
