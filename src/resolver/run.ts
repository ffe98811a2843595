import type { Peer } from '../net/transport.ts';
import { answers } from '../net/upstream/match.ts';
import type { Clock } from '../observe/clock.ts';
import type { Brought, Transport } from './api.ts';
import type { Query } from './exchange.ts';
import type { Machine } from './machine.ts';
import { decodeReply, encodeQuery } from './message.ts';
import { eventOf, type Prediction, type Traced } from './predict.ts';

export interface Network {
  readonly transport: Transport;
  readonly port: number;
  readonly clock: Clock;
  readonly simulatedTime?: boolean;
  /** Where queries to a server come from, as the program said; undefined leaves it to the system. */
  readonly localAddress?: (server: Peer) => string | undefined;
}

const WITH_PORT = /^(?:\[(.+)\]|([^:]+)):(\d+)$/;

/** The address of a nameserver, and its port where it is not that of all. */
export function readServer(server: string, port: number): Peer {
  const [, bracketed, plain, own] = WITH_PORT.exec(server) ?? [];
  return own === undefined ? { address: server, port } : { address: bracketed ?? plain!, port: Number(own) };
}

/** The time since a lookup began. */
interface LookupTime {
  now(): number;
  /** Moves simulated time on. */
  reach(ms: number): void;
}

function measuredTime(clock: Clock): LookupTime {
  const startMs = clock.monotonic();
  return { now: () => clock.monotonic() - startMs, reach() {} };
}

function simulatedTime(): LookupTime {
  let nowMs = 0;
  return {
    now: () => nowMs,
    reach(ms) {
      nowMs = Math.max(nowMs, ms);
    },
  };
}

/** Runs a machine over a transport. If the signal comes first, it rejects with the signal's reason and ends all waits. */
export async function run<T>(
  machine: Machine<T>,
  { transport, port, clock, localAddress, simulatedTime: isSimulated = false }: Network,
  signal: AbortSignal | undefined,
): Promise<Prediction<T>> {
  const time = isSimulated ? simulatedTime() : measuredTime(clock);
  const trace: Traced[] = [];
  const inbox: Traced[] = [];
  const ending = new AbortController();
  /** The queries whose responses may still come. */
  let open = 0;
  let wake = () => {};
  let skip = () => {};

  const arrive = (traced: Traced, outcome: Partial<Traced>) => {
    if (ending.signal.aborted) return;
    open--;
    Object.assign(traced, outcome, { endMs: time.now() });
    inbox.push(traced);
    wake();
  };
  const ask = async (query: Query) => {
    const traced: Traced = { query, sentMs: time.now() };
    trace.push(traced);
    open++;
    const message = encodeQuery(query);
    try {
      const server = readServer(query.server, port);
      const brought = await transport(message, server, query.protocol, ending.signal, localAddress?.(server));
      if (brought === 'silence') {
        open--;
        return skip();
      }
      const {
        octets,
        reason,
        afterMs = 0,
      }: Partial<Brought> = brought instanceof Uint8Array ? { octets: brought } : (brought ?? {});
      const reply = octets && answers(octets, message) ? decodeReply(octets) : undefined;
      if (reply) time.reach(traced.sentMs + afterMs);
      if (reply) arrive(traced, { reply: reason === undefined ? reply : { ...reply, reason } });
    } catch {
      arrive(traced, { unreachable: true });
    }
  };
  const waitUntil = (untilMs: number) =>
    new Promise<void>((resolve) => {
      if (inbox.length > 0) return resolve();
      const finish = () => {
        skip = () => {};
        resolve();
      };
      const timer = clock.after(untilMs - time.now(), () => {
        time.reach(untilMs);
        finish();
      });
      wake = () => {
        timer.cancel();
        finish();
      };
      skip = () => {
        if (!isSimulated || open > 0) return;
        time.reach(untilMs);
        wake();
      };
      skip();
    });
  const abort = () => wake();

  signal?.throwIfAborted();
  signal?.addEventListener('abort', abort);
  try {
    let step = machine.next(undefined as never);
    while (!step.done) {
      for (const query of step.value.send) void ask(query);
      await waitUntil(step.value.untilMs);
      signal?.throwIfAborted();
      step = machine.next(eventOf(inbox.shift(), time.now()));
    }
    return { result: step.value, trace, elapsedMs: time.now() };
  } finally {
    signal?.removeEventListener('abort', abort);
    ending.abort();
  }
}
