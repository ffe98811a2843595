import { isSendable } from '../candidates.ts';
import type { Protocol, Query, Reply } from '../exchange.ts';
import type { Machine } from '../machine.ts';
import { failed, found, type LookupResult } from '../result.ts';
import type { LookupTask } from '../stub.ts';
import { FAILURE_CODES, hasRecordsOf, VERDICT_TEXT, verdictOf } from '../verdict.ts';

/** How many times a query is sent again after SERVFAIL, for each query and round. */
const SERVFAIL_RETRIES = 2;

/** What changed in musl 1.2.4. */
export interface MuslTraits {
  /** Whether a truncated response leads to a query over TCP. Without, only the records in it are used. */
  readonly hasTcp: boolean;
  /**
   * Whether a candidate that a query cannot hold is ignored. If not, an empty label ends the lookup, and an element `.` of the search list becomes a
   * query that no server understands.
   */
  readonly skipsBadNames: boolean;
}

/** Only NXDOMAIN leads to the next candidate. Everything else ends the lookup. */
export function* search(task: LookupTask, traits: MuslTraits): Machine<LookupResult> {
  const { candidates, types, kind, settings } = task;
  let nowMs = task.startMs;
  let last: LookupResult = failed('EBADNAME', 'the name cannot be asked for');
  let why = '';
  for (const candidate of candidates) {
    if (!isSendable(candidate)) {
      if (traits.skipsBadNames) continue;
      if (candidate.suffix !== '.') return failed('EBADNAME', `${candidate.name} has an empty label, or is too long`);
      yield { send: [], untilMs: nowMs + settings.timeoutMs };
      return failed('ETIMEOUT', 'musl before 1.2.4 writes a malformed query for an element "." of the search list');
    }
    const reason = `${candidate.reason}${why}`;
    const asked = yield* askAll({ ...task, startMs: nowMs }, candidate.name, reason, traits.hasTcp);
    nowMs = asked.nowMs;
    const decided = judge(candidate.name, types, asked.replies);
    if (decided.ok || decided.code !== 'ENOTFOUND' || kind === 'records') return decided;
    last = decided;
    why = `; ${candidate.name}: ENOTFOUND`;
  }
  return last;
}

/** The name does not exist if one response says so. Otherwise the first response that is missing or an error decides. */
function judge(name: string, types: readonly string[], replies: readonly (Reply | undefined)[]): LookupResult {
  for (const [i, reply] of replies.entries()) {
    if (!reply) return failed('ETIMEOUT', `no usable response for ${types[i]} of ${name} in time`);
    const verdict = verdictOf(reply);
    if (verdict !== 'answer' && verdict !== 'nodata') {
      return failed(FAILURE_CODES[verdict], `${types[i]} of ${name} ${VERDICT_TEXT[verdict]}`);
    }
  }
  const answers = replies.flatMap((reply) => reply?.answers ?? []);
  if (hasRecordsOf(types, answers)) return found(name, answers);
  return failed('ENODATA', `${name} exists without data of these types, which ends the search`);
}

interface AskedAll {
  /** One for each type; undefined if there was no usable response. */
  readonly replies: readonly (Reply | undefined)[];
  readonly nowMs: number;
}

/** Asks all servers at once. The first NOERROR or NXDOMAIN counts, from any server. */
function* askAll(task: LookupTask, name: string, reason: string, hasTcp: boolean): Machine<AskedAll> {
  const { types, settings, startMs } = task;
  const { nameservers, timeoutMs, attempts } = settings;
  const replies: (Reply | undefined)[] = types.map(() => undefined);
  const byTcp = new Set<string>();
  const query = (type: string, server: string, protocol: Protocol, why: string): Query => {
    return { name, type, server, protocol, why };
  };
  const unanswered = () => types.filter((type, i) => !replies[i] && !byTcp.has(type));
  const endMs = startMs + timeoutMs;
  const intervalMs = Math.floor(timeoutMs / attempts);
  let nowMs = startMs;
  let roundMs = startMs - intervalMs;
  let retries = 0;
  let send: Query[] = [];
  while (nowMs < endMs && replies.includes(undefined)) {
    if (nowMs - roundMs >= intervalMs) {
      const why = nowMs === startMs ? reason : 'again: no usable response in time';
      send = unanswered().flatMap((type) => nameservers.map((server) => query(type, server, 'udp', why)));
      roundMs = nowMs;
      retries = SERVFAIL_RETRIES * types.length;
    }
    const event = yield { send, untilMs: Math.min(roundMs + intervalMs, byTcp.size > 0 ? endMs : Infinity) };
    send = [];
    nowMs = event.nowMs;
    if (event.kind !== 'reply' || event.query.name !== name) continue;
    const { query: asked, reply } = event;
    const i = types.indexOf(asked.type);
    if (replies[i] || (byTcp.has(asked.type) && asked.protocol === 'udp')) continue;
    const verdict = verdictOf(reply);
    if (verdict === 'servfail' && asked.protocol === 'udp') {
      if (retries-- > 0) send = [query(asked.type, asked.server, 'udp', 'again at once: SERVFAIL')];
    } else if (verdict !== 'answer' && verdict !== 'nodata' && verdict !== 'nxdomain') {
      // REFUSED and other rcodes count as no response.
    } else if (reply.tc && hasTcp && asked.protocol === 'udp') {
      byTcp.add(asked.type);
      send = [query(asked.type, asked.server, 'tcp', 'over TCP: the response was truncated')];
    } else replies[i] = reply;
  }
  return { replies, nowMs };
}
