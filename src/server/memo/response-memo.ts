/*
 * Whole responses that may be given again. Begin here; key.ts recognizes a question without decoding it, entry.ts decides what can be
 * kept, memo.ts holds it within bounds. It never gives a response that no longer holds.
 */

import { udpLimit } from '../../dns/message.ts';
import type { Repetitions } from '../../plugin/plugin.ts';
import type { Arrival, Query } from '../../plugin/query.ts';
import type { Reply } from '../../plugin/reply.ts';
import { isTold, tellObservers, tellRepetitions } from '../answer/observers.ts';
import type { Route } from '../answer/router.ts';
import type { ServerWatch } from '../answer/watch.ts';
import { createEntry, isStale, type MemoEntry } from './entry.ts';
import { type Scan, scanQuery } from './key.ts';
import { Memo } from './memo.ts';
import { MemoQuery } from './query.ts';
import { repeatReply } from './repeat-reply.ts';

/** The memo of one listener. It decides which responses are kept, and which queries get them. */
export class ResponseMemo extends Memo<MemoEntry> {
  /** Queries that no entry answered. */
  misses = 0;
  private readonly server: string;
  private readonly watch: ServerWatch;

  constructor(server: string, watch: ServerWatch) {
    super(isStale);
    this.server = server;
    this.watch = watch;
  }

  /** The kept response to a query, if there is one that fits. It is counted, and observers are told. */
  repeat(scan: Scan, bytes: Uint8Array, arrival: Arrival): Buffer | undefined {
    const entry = this.get(scan, arrival.receivedMs);
    if (
      !entry ||
      (arrival.protocol === 'udp' && entry.bytes.length > udpLimit(scan.udpSize, entry.route.block.udpSize))
    ) {
      this.misses++;
      return undefined;
    }
    const { block, zone } = entry.route;
    this.hits++;
    for (const cell of entry.repeat.again) cell.value++;
    const response = repeatReply(entry, bytes, scan, arrival.receivedMs, this.watch.random);
    if (block.tap || isTold(block, this.watch)) {
      const query = new MemoQuery(bytes, arrival, scan, zone, this.server);
      block.tap?.clientQuery(query, bytes);
      block.tap?.clientResponse(query, response);
      tellObservers(query, block, entry.reply, entry.flags, response.length, this.watch, 'repeated');
    }
    return response;
  }

  /** Keeps a response that was just made, if it may be repeated and its question was asked lately. It is synchronous, as the scan is shared. */
  remember(scan: Scan, response: Buffer, query: Query, reply: Reply, route: Route): void {
    if (!reply.repeat || route.isSelected || scan.hasCapitals || !this.isWorth(scan)) return;
    const entry = createEntry(response, reply, route, query.edns !== undefined);
    if (entry) this.set(scan.key, entry);
  }

  /** The entry and key for a query at this moment; nothing is counted. Earlier scans are no longer valid after it. */
  find(bytes: Uint8Array, nowMs: number): { readonly key: string; readonly entry: MemoEntry } | undefined {
    const scan = scanQuery(bytes);
    const entry = scan && this.peek(scan, nowMs);
    return entry && { key: scan.key, entry };
  }

  /** Counts queries that an entry answered in another thread, and tells observers. */
  countRepetitions({ route, repeat }: MemoEntry, repetitions: Repetitions): void {
    this.hits += repetitions.count;
    for (const cell of repeat.again) cell.value += repetitions.count;
    tellRepetitions(route, repetitions, this.watch);
  }
}
