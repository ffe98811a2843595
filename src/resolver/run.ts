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
  /** Where queries to a server come from, as the program said; undefined leaves it to the system. */
  readonly localAddress?: (server: Peer) => string | undefined;
}

const WITH_PORT = /^(?:\[(.+)\]|([^:]+)):(\d+)$/;

/** The address of a nameserver, and its port where it is not that of all. */
export function readServer(server: string, port: number): Peer {
  const [, bracketed, plain, own] = WITH_PORT.exec(server) ?? [];
  return own === undefined ? { address: server, port } : { address: bracketed ?? plain!, port: Number(own) };
}

/** Runs a machine over a transport. If the signal comes first, it rejects with the signal's reason and ends all waits. */
export async function run<T>(
  machine: Machine<T>,
  { transport, port, clock, localAddress }: Network,
  signal: AbortSignal | undefined,
): Promise<Prediction<T>> {
  const startMs = clock.monotonic();
  const nowMs = () => clock.monotonic() - startMs;
  const trace: Traced[] = [];
  const inbox: Traced[] = [];
  const ending = new AbortController();
  let wake = () => {};

  const arrive = (traced: Traced, outcome: Partial<Traced>) => {
    if (ending.signal.aborted) return;
    Object.assign(traced, outcome, { endMs: nowMs() });
    inbox.push(traced);
    wake();
  };
  const ask = async (query: Query) => {
    const traced: Traced = { query, sentMs: nowMs() };
    trace.push(traced);
    const message = encodeQuery(query);
    try {
      const server = readServer(query.server, port);
      const brought = await transport(message, server, query.protocol, ending.signal, localAddress?.(server));
      const { octets, reason }: Partial<Brought> =
        brought instanceof Uint8Array ? { octets: brought } : (brought ?? {});
      const reply = octets && answers(octets, message) ? decodeReply(octets) : undefined;
      if (reply) arrive(traced, { reply: reason === undefined ? reply : { ...reply, reason } });
    } catch {
      arrive(traced, { unreachable: true });
    }
  };
  const waitUntil = (untilMs: number) =>
    new Promise<void>((resolve) => {
      if (inbox.length > 0) return resolve();
      const timer = clock.after(untilMs - nowMs(), resolve);
      wake = () => {
        timer.cancel();
        resolve();
      };
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
      step = machine.next(eventOf(inbox.shift(), nowMs()));
    }
    return { result: step.value, trace, elapsedMs: nowMs() };
  } finally {
    signal?.removeEventListener('abort', abort);
    ending.abort();
  }
}
