import { CairnError, OverloadError } from '../../base/errors.ts';
import { Rcode } from '../../dns/message.ts';
import type { Response } from '../../dns/wire/response.ts';
import { type FailureReason, type Hold, UpstreamError } from '../../net/upstream/error.ts';
import type { Cell } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { Protocol, Query } from '../../plugin/query.ts';
import { failure, type Reply } from '../../plugin/reply.ts';
import { type InFlight, type InFlightQueries, inFlight, MAX_FORWARDED, queueOf } from './in-flight.ts';
import { canDropEdns, encodeQuery, encodeWithoutEdns, replyOf } from './message.ts';
import type { ForwardMetrics } from './metrics.ts';
import type { Stanza } from './options.ts';
import type { Upstream } from './upstream.ts';

/** No attempt starts later than this after the query came, and none goes on for longer. */
const DEADLINE_MS = 5000;
/** How often one query may fail where `max_connect_attempts` says nothing is too often. */
const MAX_ATTEMPTS = 100;

/** One for all: under a flood, a stack trace for each would cost more than the query. */
const PROCESS_LIMIT = new UpstreamError('limit', `more than ${MAX_FORWARDED} queries are being forwarded`);
const OVERLOAD = new OverloadError('FORWARD', 'too many queries are being forwarded');

/** The limit of `max_concurrent`: its queries, and what is counted and said when it is exceeded. */
export interface StanzaLimit {
  readonly inFlight: InFlightQueries;
  readonly rejects: Cell;
  readonly error: UpstreamError;
}

/** What the queries of one stanza have in common. */
export interface Forwarding
  extends Pick<PluginEnv, 'clock' | 'random'>,
    Pick<ForwardMetrics, 'healthcheckBroken' | 'gaveWay'> {
  readonly stanza: Stanza;
  /** Of `max_concurrent`. */
  readonly limit: StanzaLimit | undefined;
  /** Told which upstream's reply a query gets, as `ADDRESS:PORT`. */
  answered(query: Query, upstream: string): void;
  /** Told why a query was refused because too much is under way. */
  overloaded(why: string): void;
}

/** Asks the upstreams in this order, suspects last, and over again, until one replies; SERVFAIL says why none did. */
export function askInTurn(query: Query, upstreams: readonly Upstream[], forwarding: Forwarding): Promise<Reply> {
  const attempts = new Attempts(query, upstreams, forwarding);
  return attempts.enter() ? attempts.ask() : Promise.resolve(attempts.finish());
}

/** The attempts to get a reply to one query. Not an async function: most queries need one attempt, and what such a function keeps is a lot. */
class Attempts implements InFlight, Hold {
  older: InFlight | undefined;
  newer: InFlight | undefined;
  readonly queue: number;
  cancel: ((error: UpstreamError) => void) | undefined;
  private readonly query: Query;
  private octets: Uint8Array;
  /** Whether the query goes out with an OPT record that can be left out. */
  private canDropEdns: boolean;
  private readonly upstreams: readonly Upstream[];
  private readonly order: readonly Upstream[];
  private readonly forwarding: Forwarding;
  private readonly protocol: Protocol;
  private readonly endMs: number;
  /** Which in the order is asked next, and whom the attempt under way asks. */
  private next = 0;
  private upstream!: Upstream;
  private attemptsLeft: number;
  private repliesLeft: number;
  /** The reply that is taken if no other comes. */
  private last: Response | undefined;
  private truncated: Response | undefined;
  private error: Error | undefined;
  /** The limit that it was given up for. */
  private overLimit: UpstreamError | undefined;
  /** Its place in the list of the stanza. */
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

  /** Takes its place among the queries on their way; false if there is none for it. */
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
    this.forwarding.gaveWay.value++;
    this.endAt(PROCESS_LIMIT);
  }

  private exceed({ rejects, error }: StanzaLimit): false {
    rejects.value++;
    this.endAt(error);
    return false;
  }

  private endAt(limit: UpstreamError): void {
    this.overLimit = limit;
    this.cancel?.(limit);
  }

  /** Makes the next attempt, if there is one, and what follows from it. */
  ask(): Promise<Reply> {
    const upstream = this.choose();
    if (!upstream) return Promise.resolve(this.finish());
    this.upstream = upstream;
    return this.exchange(this.protocol).then(
      (reply) => this.take(reply),
      (thrown) => this.retry(thrown),
    );
  }

  private exchange(protocol: Protocol): Promise<Response> {
    const { stanza, clock } = this.forwarding;
    const timeoutMs = Math.max(1, Math.min(stanza.readTimeoutMs, this.endMs - clock.monotonic()));
    return this.upstream.exchange(this.octets, protocol, timeoutMs, this);
  }

  /** The upstream whose turn it is; undefined if nobody is to be asked any more. */
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
    forwarding.healthcheckBroken.value++;
    if (forwarding.stanza.failfast) return undefined;
    // The probes may be wrong: one upstream gets one chance.
    this.attemptsLeft = 1;
    return upstreams[Math.floor(forwarding.random() * upstreams.length)]!;
  }

  private take(reply: Response): Reply | Promise<Reply> {
    const { stanza } = this.forwarding;
    if (this.canDropEdns && isAboutEdns(reply)) {
      this.dropEdns();
      return this.askAgain(this.protocol);
    }
    if (!reply.tc || this.protocol !== 'udp' || !stanza.preferUdp) return this.accept(reply);
    this.truncated = reply;
    return this.askAgain('tcp');
  }

  /** Asks the upstream that has just replied once more. */
  private askAgain(protocol: Protocol): Promise<Reply> {
    return this.exchange(protocol).then(
      (reply) => this.accept(reply),
      (thrown) => this.retry(thrown),
    );
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
    return --this.repliesLeft === 0 || !stanza.failover.includes(reply.rcode) ? this.finish() : this.ask();
  }

  private retry(thrown: unknown): Promise<Reply> {
    this.error = thrown as Error;
    // A lack of sockets is this server's own: each upstream is tried once at most.
    if (isOverload(thrown)) this.attemptsLeft = Math.min(this.attemptsLeft, this.order.length);
    this.attemptsLeft--;
    // All have been asked: the OPT record may be what they do not answer.
    if (reasonOf(thrown) === 'timeout' && this.next >= this.order.length) this.dropEdns();
    return this.ask();
  }

  finish(): Reply {
    const { query, forwarding, inStanza } = this;
    if (inStanza) forwarding.limit!.inFlight.delete(inStanza);
    inFlight.delete(this);
    // Its client asks over TCP, too.
    if (query.protocol === 'udp') this.last ??= this.truncated;
    if (this.last) return replyOf(this.last, query);
    const error = this.overLimit ?? this.error;
    if (error && isOverload(error)) {
      forwarding.overloaded(error.message);
      // Unlike SERVFAIL, it says nothing of the name, and no cache keeps it.
      return failure('forward', Rcode.REFUSED, OVERLOAD);
    }
    return failure('forward', Rcode.SERVFAIL, error ?? new CairnError('FORWARD', 'no healthy proxies'));
  }
}

function isOverload(thrown: unknown): boolean {
  return reasonOf(thrown) === 'limit';
}

function reasonOf(thrown: unknown): FailureReason | undefined {
  return thrown instanceof UpstreamError ? thrown.reason : undefined;
}

/** Whether an upstream may have replied like this because it does not know OPT records (RFC 6891 §7). */
function isAboutEdns({ rcode, edns }: Response): boolean {
  return !edns && (rcode === Rcode.FORMERR || rcode === Rcode.NOTIMP);
}

/** While others answer, nobody should have to find out again that an upstream is silent. */
function suspectsLast(upstreams: readonly Upstream[]): readonly Upstream[] {
  if (!upstreams.some(({ suspected }) => suspected)) return upstreams;
  return [...upstreams.filter(({ suspected }) => !suspected), ...upstreams.filter(({ suspected }) => suspected)];
}
