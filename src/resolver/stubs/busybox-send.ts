import { untilUnsendable } from '../candidates.ts';
import type { Query, Reply } from '../exchange.ts';
import type { Machine } from '../machine.ts';
import { failed, found, type LookupResult } from '../result.ts';
import type { LookupTask } from '../stub.ts';
import { FAILURE_CODES, VERDICT_TEXT, verdictOf } from '../verdict.ts';

/** How many times a query is sent again after SERVFAIL, for each query and round. */
const SERVFAIL_RETRIES = 2;

/** Sends all queries to one server. The next server is asked only if no response came at all. */
export function* askAll({ candidates, types, settings, startMs }: LookupTask): Machine<LookupResult> {
  const { nameservers } = settings;
  const names = types.flatMap((type) => candidates.map(({ name, reason }) => ({ name, type, reason })));
  let nowMs = startMs;
  let why = '';
  for (const server of nameservers) {
    const queries = names.map(
      ({ name, type, reason }): Query => ({ name, type, server, protocol: 'udp', why: reason + why }),
    );
    const asked = yield* askServer(queries, { ...settings, startMs: nowMs });
    nowMs = asked.nowMs;
    if (asked.replies.size > 0) return judge(queries, asked.replies);
    why = `; next server: no response from ${server}`;
  }
  return failed('ETIMEOUT', 'no server could be reached');
}

interface AskedServer {
  readonly replies: ReadonlyMap<Query, Reply>;
  readonly nowMs: number;
}

function* askServer(
  queries: readonly Query[],
  { timeoutMs, attempts, startMs }: { readonly timeoutMs: number; readonly attempts: number; readonly startMs: number },
): Machine<AskedServer> {
  const replies = new Map<Query, Reply>();
  /** Queries that were sent again, each with the one that it repeats. */
  const repeats = new Map<Query, Query>();
  const again = (query: Query, why: string): Query => {
    const repeat = { ...query, why };
    repeats.set(repeat, query);
    return repeat;
  };
  const intervalMs = Math.floor(timeoutMs / attempts);
  // At a name that cannot be sent it stops with this server. The queries before that name have been sent.
  const sendable = untilUnsendable(queries);
  if (sendable.length < queries.length) {
    yield { send: sendable, untilMs: startMs };
    return { replies, nowMs: startMs };
  }
  let nowMs = startMs;
  let roundMs = startMs - intervalMs;
  let retries = 0;
  let send: Query[] = [];
  while (nowMs - startMs < timeoutMs && replies.size < queries.length) {
    if (nowMs - roundMs >= intervalMs) {
      const left = sendable.filter((query) => !replies.has(query));
      send = left.map((query) => (nowMs === startMs ? query : again(query, 'again: no response in time')));
      roundMs = nowMs;
      retries = SERVFAIL_RETRIES * queries.length;
    }
    const event = yield { send, untilMs: roundMs + intervalMs };
    send = [];
    nowMs = event.nowMs;
    if (event.kind === 'unreachable') break;
    if (event.kind !== 'reply') continue;
    const query = repeats.get(event.query) ?? event.query;
    if (!queries.includes(query) || replies.has(query)) continue;
    if (verdictOf(event.reply) === 'servfail' && retries-- > 0) send = [again(query, 'again at once: SERVFAIL')];
    else replies.set(query, event.reply);
  }
  return { replies, nowMs };
}

/** nslookup prints every response. It fails if one of them is an error, even if another has data. */
function judge(queries: readonly Query[], replies: ReadonlyMap<Query, Reply>): LookupResult {
  const heard = queries.flatMap((query) => replies.get(query) ?? []);
  const hit = queries.find((query) => replies.get(query)?.answers.length);
  if (hit)
    return found(
      hit.name,
      heard.flatMap(({ answers }) => answers),
    );
  const verdict = heard.map(verdictOf).find((one) => one !== 'nodata') ?? 'nodata';
  return failed(verdict === 'answer' ? 'ENODATA' : FAILURE_CODES[verdict], `every name ${VERDICT_TEXT[verdict]}`);
}
