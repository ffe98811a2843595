import { messageOf } from '../../base/errors.ts';
import { Rcode } from '../../dns/message.ts';
import { printType } from '../../dns/rr.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { Cell, Family, Metrics } from '../../observe/metrics.ts';
import { countQuery, isExplained } from '../../plugin/explained.ts';
import type { Arrival, Query } from '../../plugin/query.ts';
import { failure, type Reply } from '../../plugin/reply.ts';
import { Followers } from './followers.ts';

/** Unexpected errors are logged with their stack at most once in this time; all are counted. */
const PANIC_LOG_INTERVAL_MS = 1000;

/** Counts and logs what happens to queries outside the plugins. */
export class ServerWatch {
  readonly clock: Clock;
  /** A number from 0 up to, but not including, 1. */
  readonly random: () => number;
  /** Who sees queries beside the observers of blocks. */
  readonly followers = new Followers();
  private readonly log: Logger;
  private readonly panics: Cell;
  private readonly rejections: Family<Cell>;
  private readonly requests: Family<Cell>;
  private quietUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: () => number, log: Logger, metrics: Metrics) {
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.panics = metrics
      .counter('coredns_panics_total', 'Queries answered with SERVFAIL because of an unexpected error.')
      .cell();
    this.rejections = metrics.counter(
      'cairn_rejected_messages_total',
      'Messages that no plugin saw, by reason: short, reply, opcode, counts, malformed, class, version.',
      ['reason'],
    );
    this.requests = metrics.counter(
      'cairn_unserved_queries_total',
      'Queries refused because no server block serves the name.',
      ['server'],
    );
  }

  /** Counts a message that no plugin sees. */
  rejected(reason: string, arrival: Arrival): void {
    countQuery({ arrival }, this.rejections.cell(reason));
  }

  /** Counts a query whose name no server block serves. */
  unserved(query: Query): void {
    countQuery(query, this.requests.cell(query.server));
  }

  /** Handles an unexpected error of a plugin: the client gets SERVFAIL, and the stack is logged, at a limited rate unless `always`. */
  recovered(query: Query, thrown: unknown, always = false): Reply {
    if (!isExplained(query)) this.report(query, thrown, always);
    return failure('', Rcode.SERVFAIL, thrown instanceof Error ? thrown : new Error(messageOf(thrown)));
  }

  /** Counts and logs an unexpected error. */
  report(query: Pick<Query, 'server' | 'name' | 'type'>, thrown: unknown, always = false): void {
    this.panics.value++;
    const nowMs = this.clock.monotonic();
    if (always || nowMs >= this.quietUntilMs) {
      this.quietUntilMs = nowMs + PANIC_LOG_INTERVAL_MS;
      const stack = thrown instanceof Error && thrown.stack ? thrown.stack : messageOf(thrown);
      const where = `"${query.server}", question ${query.name} ${printType(query.type)}`;
      this.log.error(`Recovered from panic in server: ${where}: ${stack}`);
    }
  }
}
