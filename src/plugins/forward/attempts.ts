import { CairnError, OverloadError } from '../../base/errors.ts';
import { printRcode, Rcode } from '../../dns/message.ts';
import type { Response } from '../../dns/wire/response.ts';
import { type FailureReason, type Hold, UpstreamError } from '../../net/upstream/error.ts';
import type { Cell } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { countQuery, isExplained } from '../../plugin/explained.ts';
import type { Protocol, Query } from '../../plugin/query.ts';
import { failure, type Reply } from '../../plugin/reply.ts';
import type { Tap } from '../../plugin/tap.ts';
import type { Tracer } from '../../plugin/tracer.ts';
import type { Hedging } from './hedge.ts';
import { type InFlight, type InFlightQueries, inFlight, MAX_FORWARDED, queueOf } from './in-flight.ts';
import { canDropEdns, encodeQuery, encodeWithoutEdns, replyOf } from './message.ts';
import type { ForwardMetrics } from './metrics.ts';
import type { Stanza } from './options.ts';
import { type Outcome, Race, type Racer } from './race.ts';
import { exchangeTapped } from './tapped.ts';
import type { Upstream } from './upstream.ts';

/** No attempt starts or goes on later than this after the query came. */
const DEADLINE_MS = 5000;
/** The maximum number of failed attempts of a query if `max_connect_attempts` sets no limit. */
const MAX_ATTEMPTS = 100;

/** One error for all queries: under a flood, a stack trace for each would cost more than the query. */
const PROCESS_LIMIT = new UpstreamError('limit', `more than ${MAX_FORWARDED} queries are being forwarded`);
const OVERLOAD = new OverloadError('FORWARD', 'too many queries are being forwarded');

/** The limit of `max_concurrent`: its queries, and the counter and error for refused ones. */
export interface StanzaLimit {
  readonly inFlight: InFlightQueries;
  readonly rejects: Cell;
  readonly error: UpstreamError;
}

/** The settings that all queries of one stanza share. */
export interface Forwarding
  extends Pick<PluginEnv, 'clock' | 'random'>,
    Pick<ForwardMetrics, 'healthcheckBroken' | 'gaveWay'> {
  readonly stanza: Stanza;
  /** Of `max_concurrent`. */
  readonly limit: StanzaLimit | undefined;
  /** How several upstreams are asked at the same time; undefined if they are not. */
  readonly hedging: Hedging | undefined;
  /** Called with the upstream whose response a query gets, as `ADDRESS:PORT`. */
  answered(query: Query, upstream: string): void;
  /** Called with the limit for which a query was refused. */
  overloaded(why: string): void;
  /** What wants to see the messages; undefined if nobody does. */
  tap: Tap | undefined;
  /** Records exchanges with upstreams; undefined if no plugin of the block does that. */
  tracer(): Tracer | undefined;
}

/** Asks the upstreams in this order, suspected ones last, again and again until one responds. If none does, the error of the SERVFAIL says why. */
export function askInTurn(query: Query, upstreams: readonly Upstream[], forwarding: Forwarding): Promise<Reply> {
  const attempts = new Attempts(query, upstreams, forwarding);
  if (!isExplained(query)) forwarding.hedging?.earn(attempts.queue);
  return attempts.enter() ? attempts.ask() : Promise.resolve(attempts.finish());
}

/**
 * The attempts to get a response to one query. This is not an async function, as most queries need one attempt and such a function takes much memory.
 */
class Attempts implements InFlight, Hold, Racer {
  older: InFlight | undefined;
  newer: InFlight | undefined;
  readonly queue: number;
  cancel: ((error: UpstreamError) => void) | undefined;
  onSent: Hold['onSent'];
  private readonly query: Query;
  private octets: Uint8Array;
  /** Whether the query is sent with an OPT record that can be left out. */
  private canDropEdns: boolean;
  private readonly upstreams: readonly Upstream[];
  private readonly order: readonly Upstream[];
  private readonly forwarding: Forwarding;
  private readonly protocol: Protocol;
  private readonly endMs: number;
  /** The index of the next upstream, and the upstream of the present attempt. */
  private next = 0;
  private upstream!: Upstream;
  private attemptsLeft: number;
  private repliesLeft: number;
  /** The response that is used if no other comes. */
  private last: Response | undefined;
  private truncated: Response | undefined;
  private error: Error | undefined;
  /** The limit for which the query was given up. */
  private overLimit: UpstreamError | undefined;
  private isFinished = false;
  /** Its member in the list of the stanza. */
  private inStanza: InFlight | undefined;

  constructor(query: Query, upstreams: readonly Upstream[], forwarding: Forwarding) {
    const { stanza, clock } = forwarding;
    this.query = query;
    this.queue = queueOf(query.client.address);
    this.octets = encodeQuery(query);
    this.canDropEdns = canDropEdns(query);
    this.upstreams = upstreams;
    this.order = suspectsLast(upstreams);
    this.forwarding = forwarding;
    this.protocol = stanza.forceTcp ? 'tcp' : stanza.preferUdp ? 'udp' : query.protocol;
    this.endMs = clock.monotonic() + DEADLINE_MS;
    this.attemptsLeft = (stanza.maxConnectAttempts ?? 2 * upstreams.length) || MAX_ATTEMPTS;
    this.repliesLeft = upstreams.length;
  }

  /** Enters the lists of queries in flight; false if a limit refuses it. */
  enter(): boolean {
    const { limit } = this.forwarding;
    if (limit) {
      this.inStanza = { queue: this.queue, older: undefined, newer: undefined, giveWay: () => this.exceed(limit) };
      if (!limit.inFlight.add(this.inStanza)) return this.exceed(limit);
    }
    if (inFlight.add(this)) return true;
    this.giveWay();
    return false;
  }

  giveWay(): void {
    countQuery(this.query, this.forwarding.gaveWay);
    this.endAt(PROCESS_LIMIT);
  }

  private exceed({ rejects, error }: StanzaLimit): false {
    countQuery(this.query, rejects);
    this.endAt(error);
    return false;
  }

  private endAt(limit: UpstreamError): void {
    this.overLimit = limit;
    this.cancel?.(limit);
  }

  /** Makes the next attempt, if there is one, and handles its result. */
  ask(): Promise<Reply> {
    const upstream = this.choose();
    if (!upstream) return Promise.resolve(this.finish());
    this.upstream = upstream;
    const { hedging } = this.forwarding;
    // What is explained must not use up what its client has earned.
    if (hedging && this.order.length > 1 && !isExplained(this.query)) return this.race(upstream, hedging);
    return this.exchange(this.protocol, upstream, this).then(
      (reply) => this.take(reply),
      (thrown) => this.retry(thrown),
    );
  }

  private race(first: Upstream, hedging: Hedging): Promise<Reply> {
    const race = new Race(this, hedging);
    this.cancel = (error) => race.cancel(error);
    return race.run(first).then(
      ({ response, upstream, responses }: Outcome) => {
        this.upstream = upstream;
        this.repliesLeft -= responses - 1;
        return this.accept(response);
      },
      () => this.ask(),
    );
  }

  send(upstream: Upstream, hold: Hold): Promise<Response> {
    return this.exchange(this.protocol, upstream, hold).then((reply) => this.complete(reply, upstream, hold));
  }

  another(asked: readonly Upstream[]): Upstream | undefined {
    const { order } = this;
    // Once all were asked in vain, they are asked one after the other.
    for (let i = this.next; i < order.length; i++) {
      const upstream = order[i]!;
      if (!upstream.down && !upstream.suspected && !asked.includes(upstream)) return upstream;
    }
    return undefined;
  }

  chose(upstream: Upstream): void {
    this.next = this.order.indexOf(upstream) + 1;
  }

  isGood({ rcode }: Response): boolean {
    return ANSWERS.has(rcode) && !this.forwarding.stanza.failover.includes(rcode);
  }

  p95Of(upstream: Upstream): number | undefined {
    return upstream.p95Ms(this.protocol);
  }

  private exchange(protocol: Protocol, upstream: Upstream, hold: Hold): Promise<Response> {
    const { stanza, clock } = this.forwarding;
    const timeoutMs = Math.max(1, Math.min(stanza.readTimeoutMs, this.endMs - clock.monotonic()));
    const tracer = this.forwarding.tracer();
    if (!tracer) return this.exchangeShown(protocol, upstream, hold, timeoutMs);
    return this.trace(tracer, protocol, upstream, () => this.exchangeShown(protocol, upstream, hold, timeoutMs));
  }

  private exchangeShown(protocol: Protocol, upstream: Upstream, hold: Hold, timeoutMs: number): Promise<Response> {
    const { clock, tap } = this.forwarding;
    if (!tap || isExplained(this.query)) return upstream.exchange(this.octets, protocol, timeoutMs, hold);
    return exchangeTapped(tap, this.query, upstream, clock, { octets: this.octets, protocol, timeoutMs, hold });
  }

  /** The names of the span and of the first attribute are CoreDNS's. */
  private trace(
    tracer: Tracer,
    protocol: Protocol,
    { name, proto }: Upstream,
    run: () => Promise<Response>,
  ): Promise<Response> {
    return tracer.span('connect', run, {
      isExchange: true,
      attributes: { 'peer.address': name, 'coredns.io/proto': proto(protocol) },
      describe: ({ rcode }) => ({ 'coredns.io/rcode': printRcode(rcode) }),
    });
  }

  /** The next upstream; undefined if no attempt is left. */
  private choose(): Upstream | undefined {
    const { upstreams, order, forwarding } = this;
    if (this.attemptsLeft <= 0 || this.overLimit || forwarding.clock.monotonic() >= this.endMs) return undefined;
    const first = this.next;
    for (; this.next < first + order.length; this.next++) {
      const upstream = order[this.next % order.length]!;
      if (upstream.down) continue;
      this.next++;
      return upstream;
    }
    countQuery(this.query, forwarding.healthcheckBroken);
    if (forwarding.stanza.failfast) return undefined;
    // The health checks may be wrong, so one upstream is asked once.
    this.attemptsLeft = 1;
    return upstreams[Math.floor(forwarding.random() * upstreams.length)]!;
  }

  private take(reply: Response): Reply | Promise<Reply> {
    const complete = this.complete(reply, this.upstream, this);
    if (!(complete instanceof Promise)) return this.accept(complete);
    return complete.then(
      (reply) => this.accept(reply),
      (thrown) => this.retry(thrown),
    );
  }

  /** The response, or that to another query if the upstream wants it without OPT record or over TCP. */
  private complete(reply: Response, upstream: Upstream, hold: Hold): Response | Promise<Response> {
    const { stanza } = this.forwarding;
    // Another upstream was faster.
    if (this.isFinished) return reply;
    if (this.canDropEdns && isAboutEdns(reply)) {
      this.dropEdns();
      return this.exchange(this.protocol, upstream, hold);
    }
    if (!reply.tc || this.protocol !== 'udp' || !stanza.preferUdp) return reply;
    this.truncated = reply;
    return this.exchange('tcp', upstream, hold);
  }

  private dropEdns(): void {
    if (!this.canDropEdns) return;
    this.canDropEdns = false;
    this.octets = encodeWithoutEdns(this.query);
  }

  private accept(reply: Response): Reply | Promise<Reply> {
    const { stanza, answered } = this.forwarding;
    this.last = reply;
    answered(this.query, this.upstream.name);
    return --this.repliesLeft <= 0 || !stanza.failover.includes(reply.rcode) ? this.finish() : this.ask();
  }

  private retry(thrown: unknown): Promise<Reply> {
    this.failed(thrown);
    return this.ask();
  }

  failed(thrown: unknown): void {
    this.error = thrown as Error;
    // This server has no sockets left, so each upstream is tried at most once.
    if (isOverload(thrown)) this.attemptsLeft = Math.min(this.attemptsLeft, this.order.length);
    this.attemptsLeft--;
    // All upstreams were asked and were silent. They may ignore queries with an OPT record.
    if (reasonOf(thrown) === 'timeout' && this.next >= this.order.length) this.dropEdns();
  }

  finish(): Reply {
    const { query, forwarding, inStanza } = this;
    if (inStanza) forwarding.limit!.inFlight.delete(inStanza);
    inFlight.delete(this);
    this.isFinished = true;
    // The client itself will ask over TCP.
    if (query.protocol === 'udp') this.last ??= this.truncated;
    if (this.last) return replyOf(this.last, query);
    const error = this.overLimit ?? this.error;
    if (error && isOverload(error)) {
      if (!isExplained(query)) forwarding.overloaded(error.message);
      // Unlike SERVFAIL, REFUSED says nothing about the name, and no cache keeps it.
      return failure('forward', Rcode.REFUSED, OVERLOAD);
    }
    return failure('forward', Rcode.SERVFAIL, error ?? new CairnError('FORWARD', 'no healthy proxies'));
  }
}

/** The rcodes of responses that say something about the name. */
const ANSWERS: ReadonlySet<number> = new Set([Rcode.NOERROR, Rcode.NXDOMAIN, Rcode.YXDOMAIN]);

function isOverload(thrown: unknown): boolean {
  return reasonOf(thrown) === 'limit';
}

function reasonOf(thrown: unknown): FailureReason | undefined {
  return thrown instanceof UpstreamError ? thrown.reason : undefined;
}

/** Whether the response may mean that the upstream does not know OPT records (RFC 6891 §7). */
function isAboutEdns({ rcode, edns }: Response): boolean {
  return !edns && (rcode === Rcode.FORMERR || rcode === Rcode.NOTIMP);
}

/** Moves suspected upstreams to the end, so that queries do not wait for silent ones while others answer. */
export function suspectsLast(upstreams: readonly Upstream[]): readonly Upstream[] {
  if (!upstreams.some(({ suspected }) => suspected)) return upstreams;
  return [...upstreams.filter(({ suspected }) => !suspected), ...upstreams.filter(({ suspected }) => suspected)];
}
