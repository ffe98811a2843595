import type { Response } from '../../dns/wire/response.ts';
import type { Hold, UpstreamError } from '../../net/upstream/error.ts';
import type { Timer } from '../../observe/clock.ts';
import type { Hedging } from './hedge.ts';
import type { Upstream } from './upstream.ts';

/** The query for which several upstreams are asked. */
export interface Racer {
  /** That of its client. */
  readonly queue: number;
  /** Asks an upstream, as often as it takes for one complete response. */
  send(upstream: Upstream, hold: Hold): Promise<Response>;
  /** Another upstream that is likely to respond and is not in `asked`. */
  another(asked: readonly Upstream[]): Upstream | undefined;
  /** The upstream is asked now, so that its turn is over. */
  chose(upstream: Upstream): void;
  /** Whether the response is used, though another upstream may have another one. */
  isGood(response: Response): boolean;
  /** How long an upstream usually takes. */
  p95Of(upstream: Upstream): number | undefined;
  /** An upstream failed. */
  failed(thrown: unknown): void;
}

/** The response that is used. */
export interface Outcome {
  readonly response: Response;
  readonly upstream: Upstream;
  /** How many upstreams have responded. */
  readonly responses: number;
}

/** An exchange with one of the upstreams. */
interface Lane extends Hold {
  readonly upstream: Upstream;
  readonly isExtra: boolean;
}

/**
 * Asks an upstream, and others at once or if the first is silent. The first response that is no error counts. An error counts only if no exchange is
 * left that may bring something better. Exchanges that are outrun go on to their end, so that they are measured, and a silent upstream is noticed.
 */
export class Race {
  private readonly racer: Racer;
  private readonly hedging: Hedging;
  private readonly result = Promise.withResolvers<Outcome>();
  private readonly lanes: Lane[] = [];
  private out = 0;
  /** How many of the exchanges count as extra ones. */
  private extra = 0;
  private responses = 0;
  private timer: Timer | undefined;
  private error: { readonly lane: Lane; readonly response: Response } | undefined;
  private isDone = false;
  private isWithheld = false;

  constructor(racer: Racer, hedging: Hedging) {
    this.racer = racer;
    this.hedging = hedging;
  }

  /** The outcome; a rejection if no upstream responds. */
  run(first: Upstream): Promise<Outcome> {
    const { hedge } = this.hedging;
    this.start(first, false);
    if (hedge.kind === 'race') for (let i = 1; i < hedge.upstreams; i++) this.startAnother();
    else this.startAnotherAfter(this.hedging.waitMs(this.racer.p95Of(first)));
    return this.result.promise;
  }

  /** Ends all exchanges with an error. */
  cancel(error: UpstreamError): void {
    this.timer?.cancel();
    for (const lane of this.lanes) lane.cancel?.(error);
  }

  /** If the client's share is used up, looks again later, so that the share goes to the queries that wait longest. */
  private startAnotherAfter(waitMs: number): void {
    this.timer = this.hedging.clock.after(waitMs, () => {
      if (!this.startAnother()) this.startAnotherAfter(2 * waitMs);
    });
  }

  /** Asks another upstream if there is one; false if that is not allowed now. */
  private startAnother(): boolean {
    const upstream = this.racer.another(this.lanes.map((lane) => lane.upstream));
    if (!upstream) return true;
    if (!this.hedging.take(this.racer.queue)) {
      if (!this.isWithheld) this.hedging.withheld.value++;
      this.isWithheld = true;
      return false;
    }
    this.extra++;
    this.racer.chose(upstream);
    upstream.hedged();
    this.start(upstream, true);
    return true;
  }

  private start(upstream: Upstream, isExtra: boolean): void {
    const lane: Lane = { upstream, isExtra, cancel: undefined, onSent: undefined };
    this.lanes.push(lane);
    this.out++;
    this.racer.send(upstream, lane).then(
      (response) => this.take(lane, response),
      (thrown) => this.fail(thrown),
    );
  }

  private take(lane: Lane, response: Response): void {
    this.out--;
    if (!this.isDone) {
      this.responses++;
      if (this.racer.isGood(response)) this.win(lane, response);
      else this.error ??= { lane, response };
      if (this.out === 0) this.end();
    }
    this.settleExtra();
  }

  private fail(thrown: unknown): void {
    this.out--;
    if (!this.isDone) {
      this.racer.failed(thrown);
      if (this.out === 0) this.end(thrown);
    }
    this.settleExtra();
  }

  /** All exchanges have ended. */
  private end(thrown?: unknown): void {
    if (this.isDone) return;
    if (this.error) {
      this.win(this.error.lane, this.error.response);
      return;
    }
    this.isDone = true;
    this.timer?.cancel();
    this.result.reject(thrown);
  }

  private win({ upstream, isExtra }: Lane, response: Response): void {
    this.isDone = true;
    this.timer?.cancel();
    if (isExtra) upstream.outran();
    this.result.resolve({ response, upstream, responses: this.responses });
  }

  /** One exchange belongs to the query as long as it waits, and all others are extra ones. */
  private settleExtra(): void {
    const left = this.isDone ? this.out : Math.max(0, this.out - 1);
    for (; this.extra > left; this.extra--) this.hedging.giveBack(this.racer.queue);
  }
}
