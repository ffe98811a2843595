import { type MessageFlags, Rcode } from '../../dns/message.ts';
import { SRV } from '../../dns/rr.ts';
import { decodeFlags } from '../../dns/wire/decode.ts';
import type { Epoch } from '../../plugin/repeat.ts';
import { countsOf, type Repeat, type Reply } from '../../plugin/reply.ts';
import type { Route } from '../answer/router.ts';
import type { KeptReply } from './memo.ts';
import { findAddressRuns, type RepeatableReply } from './repeat-reply.ts';

/** Longer replies are made anew each time. */
const MAX_REPLY_OCTETS = 4096;

/** A whole reply that can be given again, with all that is known of it. */
export interface MemoEntry extends KeptReply, RepeatableReply {
  readonly bytes: Buffer;
  readonly reply: Reply;
  readonly repeat: Repeat;
  readonly route: Route;
  readonly flags: MessageFlags;
  /** The epochs' values when the reply was made. */
  readonly values: readonly number[];
}

/** Whether something that the reply was made from has changed, or its time is over. */
export function isStale({ repeat, values }: MemoEntry, nowMs: number): boolean {
  return nowMs >= repeat.untilMs || hasMoved(repeat.epochs, values);
}

function hasMoved(epochs: readonly Epoch[], values: readonly number[]): boolean {
  for (let i = 0; i < epochs.length; i++) if (epochs[i]!.value !== values[i]) return true;
  return false;
}

/** The entry for a reply that was just made; undefined for one that cannot be given again from its octets, or says what went wrong. */
export function createEntry(bytes: Buffer, reply: Reply, route: Route, hasEdns: boolean): MemoEntry | undefined {
  const { repeat } = reply;
  if (!repeat || reply.error || bytes.length > MAX_REPLY_OCTETS || !isWhole(bytes, reply, hasEdns)) return undefined;
  const runs = repeat.shuffled ? findAddressRuns(bytes) : [];
  if (!runs) return undefined;
  // A small Buffer is a piece of a larger one, which it would keep alive whole.
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  return {
    ...{ bytes: own, reply, repeat, route },
    flags: decodeFlags(bytes.readUInt16BE(2)),
    values: repeat.epochs.map((epoch) => epoch.value),
    runs,
    anyCase: repeat.caseAsAsked === true && hasCaseOnlyInQuestion(reply),
    used: false,
  };
}

/** Whether nothing was left out: a client that takes more octets must not get less. */
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
