import type { Protocol, Query, Reply } from '../exchange.ts';
import type { Machine } from '../machine.ts';
import type { FailureCode } from '../result.ts';
import type { Settings } from '../settings.ts';
import { FAILURE_CODES, isLame, VERDICT_TEXT, verdictOf } from '../verdict.ts';

/** The maximum UDP payload size that `edns0` announces. */
const EDNS_OCTETS = 1200;
/** Reading over TCP has no time-out; the kernel gives up after about two minutes. */
const TCP_PATIENCE_MS = 127_000;

/** The state that res_send keeps from one name of the search list to the next. */
export interface Sender {
  readonly settings: Settings;
  nowMs: number;
  /** Whether A and AAAA are sent one after the other: by option, or once a server has answered only one of two. */
  single: boolean;
  /** Whether each of them also gets a new socket. */
  reopen: boolean;
  edns: boolean;
  /** The first server, which `rotate` changes. */
  offset: number;
  /** The rcode of the first response from the last server. It is kept for the next name. */
  lastRcode: string | undefined;
}

/** The failure of a server, or of all servers. */
interface Trouble {
  readonly code: FailureCode;
  readonly because: string;
}

/** The responses that count, in the order in which they came, and at least one; or why there are none. */
type Heard = readonly Reply[] | Trouble;

/** Asks for all types of a name: server after server, round after round. */
export function* send(name: string, types: readonly string[], sender: Sender, reason: string): Machine<Heard> {
  const { nameservers, attempts, flags } = sender.settings;
  let protocol: Protocol = flags.has('use-vc') ? 'tcp' : 'udp';
  let trouble: Trouble = { code: 'ECONNREFUSED', because: 'no server can be reached' };
  let why = reason;
  const offset = flags.has('rotate') ? sender.offset++ : 0;
  // After TCP there is one attempt for each server, so the present round is the last.
  for (let round = 1; round <= (protocol === 'tcp' ? 1 : attempts); round++) {
    for (let turn = 0; turn < nameservers.length; turn++) {
      const index = (turn + offset) % nameservers.length;
      const server: Server = { name, types, address: nameservers[index]!, waitMs: waitMs(sender.settings, index) };
      let heard = protocol === 'udp' ? yield* askUdp(server, sender, why) : yield* askTcp(server, sender, why);
      if (heard === 'truncated') {
        protocol = 'tcp';
        heard = yield* askTcp(server, sender, 'over TCP: the response was truncated');
      }
      if (!('code' in heard)) return heard;
      if (heard.code !== 'ECONNREFUSED') trouble = heard;
      why = turn + 1 < nameservers.length ? `next server: ${heard.because}` : `round ${round + 1}: ${heard.because}`;
    }
    if (protocol === 'tcp') break;
  }
  return trouble;
}

/** The time-out. It depends on the server's place in the file, not on the round, and is at least a second, in whole seconds. */
function waitMs({ timeoutMs, nameservers }: Settings, index: number): number {
  const seconds = (timeoutMs / 1000) * 2 ** index;
  return 1000 * Math.max(1, Math.floor(index > 0 ? seconds / nameservers.length : seconds));
}

interface Server {
  readonly name: string;
  readonly types: readonly string[];
  readonly address: string;
  readonly waitMs: number;
}

/** Sends A and AAAA on one socket and waits for both responses. If only one comes, both are asked again one by one. */
function* askUdp(server: Server, sender: Sender, why: string): Machine<Heard | 'truncated'> {
  let heard = yield* askUdpOnce(server, sender, why);
  while (heard === 'half') {
    if (sender.single) sender.reopen = true;
    sender.single = true;
    heard = yield* askUdpOnce(server, sender, 'again, one by one: only one of two responses came');
  }
  return heard;
}

function* askUdpOnce(server: Server, sender: Sender, why: string): Machine<Heard | 'truncated' | 'half'> {
  const { name, types, address } = server;
  const replies: Reply[] = [];
  const settled = new Set<string>();
  const untilMs = sender.nowMs + server.waitMs;
  let trouble: Trouble = { code: 'ETIMEOUT', because: `no response from ${address} in time` };
  let sending = queriesFor(server, sender, 'udp', why).slice(0, sender.single ? 1 : types.length);
  for (;;) {
    const event = yield { send: sending, untilMs };
    sender.nowMs = event.nowMs;
    sending = [];
    if (event.kind === 'time') {
      if (types.length === 1 || replies.length === 0) return trouble;
      return sender.reopen ? replies : 'half';
    }
    const { query } = event;
    const isLate = query.name !== name || query.server !== address || query.protocol === 'tcp';
    if (isLate || settled.has(query.type)) continue;
    if (event.kind === 'unreachable') return unreachable(address);
    const { reply } = event;
    if (settled.size === 0) sender.lastRcode = reply.rcode;
    if (sendsAway(reply)) {
      trouble = troubleOf(reply, name, address);
      if (replies.length > 0) return replies;
      if (types.length === 1 || settled.size > 0) return trouble;
      settled.add(query.type);
      continue;
    }
    if (reply.tc) return 'truncated';
    settled.add(query.type);
    replies.push(reply);
    if (settled.size === types.length) return replies;
    if (sender.single) sending = queriesFor(server, sender, 'udp', `after ${query.type}: single-request`).slice(1);
  }
}

/** Sends both on one connection. Responses count with any rcode. */
function* askTcp(server: Server, sender: Sender, why: string): Machine<Heard> {
  const { types, address } = server;
  const replies: Reply[] = [];
  const untilMs = sender.nowMs + TCP_PATIENCE_MS;
  const queries = queriesFor(server, sender, 'tcp', why);
  let sending = queries;
  while (replies.length < types.length) {
    const event = yield { send: sending, untilMs };
    sender.nowMs = event.nowMs;
    sending = [];
    if (event.kind === 'time') return { code: 'ETIMEOUT', because: `no reply from ${address} by TCP` };
    if (!queries.includes(event.query)) continue;
    if (event.kind === 'unreachable') return unreachable(address);
    if (replies.length === 0) sender.lastRcode = event.reply.rcode;
    replies.push(event.reply);
  }
  return replies;
}

function unreachable(address: string): Trouble {
  return { code: 'ECONNREFUSED', because: `${address} cannot be reached` };
}

function troubleOf(reply: Reply, name: string, address: string): Trouble {
  const verdict = verdictOf(reply);
  if (verdict === 'answer' || verdict === 'nodata') {
    return { code: 'ESERVFAIL', because: `${address} knows nothing of ${name}` };
  }
  return { code: FAILURE_CODES[verdict], because: `${name} ${VERDICT_TEXT[verdict]} at ${address}` };
}

function queriesFor(
  { name, types, address }: Server,
  { settings, edns }: Sender,
  protocol: Protocol,
  why: string,
): Query[] {
  const extra = {
    ...(edns && { ednsOctets: EDNS_OCTETS }),
    ...(settings.flags.has('trust-ad') && { ad: true }),
  };
  return types.map((type) => ({ name, type, server: address, protocol, why, ...extra }));
}

/** Whether the next server is asked at once after this response. */
function sendsAway(reply: Reply): boolean {
  return ['servfail', 'notimp', 'refused'].includes(verdictOf(reply)) || isLame(reply);
}
