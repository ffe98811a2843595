import { dotsIn, isSendable } from '../candidates.ts';
import type { Protocol, Query, Reply } from '../exchange.ts';
import { type Machine, waitFor } from '../machine.ts';
import { type FailureCode, failed, found, type LookupResult } from '../result.ts';
import type { Candidate, LookupTask } from '../stub.ts';
import { together } from '../together.ts';
import { FAILURE_CODES, hasRecordsOf, VERDICT_TEXT, verdictOf } from '../verdict.ts';

/** The application's settings of c-ares. */
interface CAresTraits {
  /** Whether SERVFAIL, NOTIMP and REFUSED lead to the next server; with Node.js they do not. */
  readonly checksRcode: boolean;
}

/** NXDOMAIN and NODATA lead to the next candidate. SERVFAIL and REFUSED do so only for a single label as typed. */
export function* search(task: LookupTask, traits: CAresTraits): Machine<LookupResult> {
  const { candidates, types } = task;
  let nowMs = task.startMs;
  let last: LookupResult = failed('ENOTFOUND', 'names under onion are not asked for');
  let hadNodata = false;
  let why = '';
  for (const candidate of candidates) {
    const { name, reason } = candidate;
    if (!isHostName(candidate)) return failed('EBADNAME', `${name} is not a host name`);
    const arrivals = { count: 0 };
    const asked = yield* together(
      types.map((type) => askServers(task, traits, arrivals, name, type, nowMs, reason + why)),
    );
    nowMs = Math.max(...asked.map((one) => one.nowMs));
    const answers = asked.flatMap(({ reply }) => reply?.answers ?? []);
    if (hasRecordsOf(types, answers)) return found(name, answers);
    const { code, because } = asked.toSorted((a, b) => a.place - b.place).at(-1)!;
    hadNodata ||= code === 'ENODATA';
    if (!goesOn(candidate, code)) return failed(code, because);
    last = failed(hadNodata ? 'ENODATA' : code, because);
    why = `; ${because}`;
  }
  return last;
}

/** Whether the name has only letters, digits and `-_./*`. */
function isHostName(candidate: Candidate): boolean {
  return isSendable(candidate) && /^[\w./*-]*$/.test(candidate.name);
}

function goesOn({ name, suffix }: Candidate, code: FailureCode): boolean {
  if (code === 'ENOTFOUND' || code === 'ENODATA') return true;
  return (code === 'ESERVFAIL' || code === 'EREFUSED') && suffix === undefined && dotsIn(name) === 1;
}

interface Asked {
  readonly reply?: Reply;
  readonly code: FailureCode;
  readonly because: string;
  readonly nowMs: number;
  /** The order in which outcomes came: the last one decides. */
  readonly place: number;
}

/** Asks for one type. The number of tries is the number of servers times attempts; the time-out doubles with each round. */
function* askServers(
  { settings, random }: LookupTask,
  { checksRcode }: CAresTraits,
  arrivals: { count: number },
  name: string,
  type: string,
  startMs: number,
  reason: string,
): Machine<Asked> {
  const { nameservers, attempts, timeoutMs, maxTimeoutMs = Infinity, flags } = settings;
  let protocol: Protocol = flags.has('use-vc') ? 'tcp' : 'udp';
  let nowMs = startMs;
  let why = reason;
  let code: FailureCode = 'ETIMEOUT';
  for (let i = 0; i < attempts * nameservers.length; i++) {
    const turn = flags.has('rotate') ? Math.floor(random() * nameservers.length) : i % nameservers.length;
    const server = nameservers[turn]!;
    const query: Query = { name, type, server, protocol, why };
    const waitMs = Math.min(timeoutMs * 2 ** Math.floor(i / nameservers.length), maxTimeoutMs);
    let event = yield* waitFor(query, nowMs + waitMs);
    if (event.kind === 'reply' && event.reply.tc && protocol === 'udp') {
      protocol = 'tcp';
      const again: Query = { ...query, protocol, why: 'over TCP: the response was truncated' };
      event = yield* waitFor(again, event.nowMs + timeoutMs);
    }
    nowMs = event.nowMs;
    if (event.kind === 'reply') {
      const verdict = verdictOf(event.reply);
      const because = `${type} of ${name} ${VERDICT_TEXT[verdict]}`;
      if (verdict === 'answer') return { reply: event.reply, code: 'ENODATA', because, nowMs, place: arrivals.count++ };
      code = FAILURE_CODES[verdict];
      const isFinal = !checksRcode || !['servfail', 'notimp', 'refused'].includes(verdict);
      if (isFinal) return { code, because, nowMs, place: arrivals.count++ };
      why = `next: ${because} at ${server}`;
    } else {
      code = event.kind === 'time' ? 'ETIMEOUT' : 'ECONNREFUSED';
      why = code === 'ETIMEOUT' ? `next: no response from ${server} in time` : `next: ${server} cannot be reached`;
    }
  }
  return { code, because: why.replace(/^next: /, ''), nowMs, place: arrivals.count++ };
}
