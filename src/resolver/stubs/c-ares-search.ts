import type { Protocol, Query, Reply } from '../exchange.ts';
import type { Machine } from '../machine.ts';
import { type FailureCode, failed, found, type LookupResult } from '../result.ts';
import type { LookupTask } from '../stub.ts';
import { together } from '../together.ts';
import { FAILURE_CODES, VERDICT_TEXT, verdictOf } from '../verdict.ts';
import { waitFor } from '../wait-for.ts';

/** How the application set c-ares up. */
export interface CAresTraits {
  /** Whether SERVFAIL, NOTIMP and REFUSED lead to the next server; Node.js takes them as they are. */
  readonly checksRcode: boolean;
}

/** NXDOMAIN and NODATA lead to the next candidate; so do SERVFAIL and REFUSED, but only of a name of one label. */
export function* search(task: LookupTask, traits: CAresTraits): Machine<LookupResult> {
  const { candidates, types } = task;
  let nowMs = task.startMs;
  let last: LookupResult = failed('EBADNAME', 'the name cannot be asked for');
  let hadNodata = false;
  let why = '';
  for (const { name, reason } of candidates) {
    const asked = yield* together(types.map((type) => askServers(task, traits, name, type, nowMs, `${reason}${why}`)));
    nowMs = Math.max(...asked.map((one) => one.nowMs));
    const answers = asked.flatMap(({ reply }) => reply?.answers ?? []);
    if (answers.some(({ type }) => types.includes(type))) return found(name, answers);
    const { code, because } = asked.toSorted((a, b) => a.nowMs - b.nowMs).at(-1)!;
    hadNodata ||= asked.some((one) => one.code === 'ENODATA');
    last = failed(hadNodata ? 'ENODATA' : code, because);
    if (!goesOn(name, hadNodata, code)) return failed(code, because);
    why = `; ${because}`;
  }
  return last;
}

function goesOn(name: string, hadNodata: boolean, code: FailureCode): boolean {
  if (code === 'ENOTFOUND' || code === 'ENODATA' || hadNodata) return true;
  return (code === 'ESERVFAIL' || code === 'EREFUSED') && name.split('.').length === 2;
}

interface Asked {
  readonly reply?: Reply;
  readonly code: FailureCode;
  readonly because: string;
  readonly nowMs: number;
}

/** One type: as many tries as servers times attempts; the time-out doubles with each round over the servers. */
function* askServers(
  { settings, random }: LookupTask,
  { checksRcode }: CAresTraits,
  name: string,
  type: string,
  startMs: number,
  reason: string,
): Machine<Asked> {
  const { nameservers, attempts, timeoutMs, flags } = settings;
  let protocol: Protocol = flags.has('use-vc') ? 'tcp' : 'udp';
  let nowMs = startMs;
  let why = reason;
  let code: FailureCode = 'ETIMEOUT';
  for (let i = 0; i < attempts * nameservers.length; i++) {
    const turn = flags.has('rotate') ? Math.floor(random() * nameservers.length) : i % nameservers.length;
    const server = nameservers[turn]!;
    const query: Query = { name, type, server, protocol, why };
    let happening = yield* waitFor(query, nowMs + timeoutMs * 2 ** Math.floor(i / nameservers.length));
    if (happening.kind === 'reply' && happening.reply.tc && protocol === 'udp') {
      protocol = 'tcp';
      const again: Query = { ...query, protocol, why: 'by TCP: the reply was truncated' };
      happening = yield* waitFor(again, happening.nowMs + timeoutMs);
    }
    nowMs = happening.nowMs;
    if (happening.kind === 'reply') {
      const verdict = verdictOf(happening.reply);
      const because = `${type} of ${name} ${VERDICT_TEXT[verdict]}`;
      if (verdict === 'answer') return { reply: happening.reply, code: 'ENODATA', because, nowMs };
      code = FAILURE_CODES[verdict];
      const isFinal = !checksRcode || !['servfail', 'notimp', 'refused'].includes(verdict);
      if (isFinal) return { code, because, nowMs };
      why = `next: ${because} at ${server}`;
    } else {
      code = happening.kind === 'time' ? 'ETIMEOUT' : 'ECONNREFUSED';
      why = code === 'ETIMEOUT' ? `next: no reply from ${server} in time` : `next: ${server} cannot be reached`;
    }
  }
  return { code, because: why.replace(/^next: /, ''), nowMs };
}
