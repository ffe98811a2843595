import { type MessageFlags, Rcode } from '../../dns/message.ts';
import { SRV } from '../../dns/rr.ts';
import { decodeFlags } from '../../dns/wire/decode.ts';
import type { Epoch } from '../../plugin/repeat.ts';
import { countsOf, hasRecords, type Repeat, type Reply } from '../../plugin/reply.ts';
import type { Route } from '../answer/router.ts';
import type { KeptReply } from './memo.ts';
import { findAddressRuns, findTtls } from './record-offsets.ts';
import type { RepeatableReply } from './repeat-reply.ts';

/** Longer responses are not kept. */
const MAX_REPLY_OCTETS = 4096;

/** A whole response that can be given again, and what is known of it. */
export interface MemoEntry extends KeptReply, RepeatableReply {
  readonly bytes: Buffer;
  readonly reply: Reply;
  readonly repeat: Repeat;
  readonly route: Route;
  readonly flags: MessageFlags;
  /** The epochs' values when the response was made. */
  readonly values: readonly number[];
  /** Until when it can be given again, on the clock's monotonic scale. */
  readonly untilMs: number;
}

/** Whether something that the response was made from has changed, or its time has ended. */
export function isStale({ repeat, values, untilMs }: MemoEntry, nowMs: number): boolean {
  return nowMs >= untilMs || hasMoved(repeat.epochs, values);
}

function hasMoved(epochs: readonly Epoch[], values: readonly number[]): boolean {
  for (let i = 0; i < epochs.length; i++) if (epochs[i]!.value !== values[i]) return true;
  return false;
}

/** The entry for a response that was just made; undefined for an error, and for a response that cannot be given again from its octets. */
export function createEntry(bytes: Buffer, reply: Reply, route: Route, hasEdns: boolean): MemoEntry | undefined {
  const { repeat } = reply;
  if (!repeat || reply.error || bytes.length > MAX_REPLY_OCTETS || !isWhole(bytes, reply, hasEdns)) return undefined;
  const runs = repeat.shuffled ? findAddressRuns(bytes) : [];
  if (!runs) return undefined;
  // A small Buffer is a part of a larger one, and would keep all of it alive.
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  const { countdown } = repeat;
  // A plugin that gives other records may mean their TTLs to stay.
  const isCounting = countdown && hasRecords(reply, countdown.records);
  return {
    ...{ bytes: own, reply, repeat, route },
    flags: decodeFlags(bytes.readUInt16BE(2)),
    values: repeat.epochs.map((epoch) => epoch.value),
    runs,
    ttls: isCounting ? findTtls(bytes) : [],
    nextMs: isCounting ? countdown.nextMs : Number.POSITIVE_INFINITY,
    untilMs: isCounting ? countdown.untilMs : repeat.untilMs,
    anyCase: repeat.caseAsAsked === true && hasCaseOnlyInQuestion(reply),
    used: false,
  };
}

/** Whether all records are in the message: a client that accepts larger messages must get all of them. */
function isWhole(bytes: Buffer, reply: Reply, hasEdns: boolean): boolean {
  const { answer, authority, additional } = countsOf(reply);
  return (
    bytes.readUInt16BE(6) === answer &&
    bytes.readUInt16BE(8) === authority &&
    bytes.readUInt16BE(10) === additional + (hasEdns ? 1 : 0)
  );
}

/** Whether all names with the qname's letter case are pointers to the question. Names in uncompressed targets are not. */
function hasCaseOnlyInQuestion({ rcode, answer, additional }: Reply): boolean {
  if (rcode === Rcode.NXDOMAIN && answer.length > 0) return false;
  return ![...answer, ...additional].some(({ type }) => type === SRV.code);
}
