import type { Protocol, Query, Reply } from '../exchange.ts';
import { type Machine, waitFor } from '../machine.ts';
import { type FailureCode, failed, found, type LookupResult } from '../result.ts';
import type { LookupTask } from '../stub.ts';
import { together } from '../together.ts';
import { FAILURE_CODES, hasRecordsOf, isLame, VERDICT_TEXT, verdictOf } from '../verdict.ts';

const EDNS_OCTETS = 1232;

/** Every outcome of a candidate but data leads to the next one. The error of the last one counts. */
export function* search(task: LookupTask): Machine<LookupResult> {
  const { candidates, types, settings } = task;
  const isSingle = settings.flags.has('single-request');
  const turn = { offset: 0 };
  let nowMs = task.startMs;
  let last: LookupResult = failed('ENOTFOUND', 'the name cannot be asked for');
  let why = '';
  for (const { name, reason } of candidates) {
    const ask = (type: string) => askServers(task, turn, name, type, nowMs, `${reason}${why}`);
    const asked: Asked[] = [];
    if (isSingle) {
      for (const type of types) {
        asked.push(yield* ask(type));
        nowMs = asked.at(-1)!.nowMs;
      }
    } else asked.push(...(yield* together(types.map(ask))));
    nowMs = Math.max(nowMs, ...asked.map((one) => one.nowMs));
    const answers = asked.flatMap((one) => one.reply?.answers ?? []);
    if (hasRecordsOf(types, answers)) return found(name, answers);
    const worst = asked.findLast(({ code }) => code !== undefined);
    last = failed(worst?.code ?? 'ENODATA', worst?.because ?? `${name} has no data of these types`);
    why = `; ${last.why}`;
  }
  return last;
}

interface Asked {
  /** Undefined with `code`. */
  readonly reply?: Reply;
  readonly code?: FailureCode;
  readonly because?: string;
  readonly nowMs: number;
}

/** Asks for one type, server after server, round after round, until a server says that the name has data or has none. */
function* askServers(
  { settings }: LookupTask,
  turn: { offset: number },
  name: string,
  type: string,
  startMs: number,
  reason: string,
): Machine<Asked> {
  const { nameservers, attempts, flags } = settings;
  const offset = flags.has('rotate') ? turn.offset++ : 0;
  const edns = { ednsOctets: EDNS_OCTETS, ...(flags.has('trust-ad') && { ad: true }) };
  let nowMs = startMs;
  let why = reason;
  let code: FailureCode = 'ETIMEOUT';
  for (let i = 0; i < attempts * nameservers.length; i++) {
    const server = nameservers[(offset + i) % nameservers.length]!;
    const protocols: Protocol[] = flags.has('use-vc') ? ['tcp'] : ['udp', 'tcp'];
    for (const protocol of protocols) {
      const query: Query = { name, type, server, protocol, why, ...edns };
      const event = yield* waitFor(query, nowMs + settings.timeoutMs);
      nowMs = event.nowMs;
      if (event.kind !== 'reply') {
        code = event.kind === 'time' ? 'ETIMEOUT' : 'ECONNREFUSED';
        why = code === 'ETIMEOUT' ? `next: no response from ${server} in time` : `next: ${server} cannot be reached`;
        break;
      }
      const { reply } = event;
      if (reply.tc && protocol === 'udp') {
        why = 'over TCP: the response was truncated';
        continue;
      }
      const verdict = verdictOf(reply);
      if (verdict === 'answer') return { reply, nowMs };
      const because = `${type} of ${name} ${VERDICT_TEXT[verdict]}`;
      if ((verdict === 'nodata' && !isLame(reply)) || verdict === 'nxdomain') {
        return { code: FAILURE_CODES[verdict], because, nowMs };
      }
      code = verdict === 'nodata' ? 'ESERVFAIL' : FAILURE_CODES[verdict];
      why = `next: ${because} at ${server}`;
      break;
    }
  }
  return { code, because: why.replace(/^next: /, ''), nowMs };
}
