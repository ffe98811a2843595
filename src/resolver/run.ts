import { CairnError } from '../base/errors.ts';
import type { Peer } from '../net/transport.ts';
import { answers } from '../net/upstream/match.ts';
import type { Clock } from '../observe/clock.ts';
import type { Brought, Transport } from './api.ts';
import type { Query } from './exchange.ts';
import { lookupTime } from './lookup-time.ts';
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

/** Runs a machine over a transport. If the signal comes first, it rejects with the signal's reason and ends all waits. */
export async function run<T>(
  machine: Machine<T>,
  { transport, port, clock, localAddress, simulatedTime: isSimulated = false }: Network,
  signal: AbortSignal | undefined,
): Promise<Prediction<T>> {
  const time = lookupTime(clock, isSimulated);
  const trace: Traced[] = [];
  const inbox: Traced[] = [];
  const ending = new AbortController();
  /** The queries whose responses may still come. */
  let open = 0;

  const arrive = (traced: Traced, outcome: Partial<Traced>) => {
    if (ending.signal.aborted) return;
    open--;
    Object.assign(traced, outcome, { endMs: time.now() });
    inbox.push(traced);
    time.wake();
  };
  let ended: CairnError | undefined;
  const end = (error: CairnError) => {
    ended = error;
    time.wake();
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
        if (open === 0) time.skip();
        return;
      }
      const {
        octets,
        reason,
        afterMs = 0,
      }: Partial<Brought> = brought instanceof Uint8Array ? { octets: brought } : (brought ?? {});
      const reply = octets && answers(octets, message) ? decodeReply(octets) : undefined;
      if (reply) time.reach(traced.sentMs + afterMs);
      if (reply) arrive(traced, { reply: reason === undefined ? reply : { ...reply, reason } });
    } catch (error) {
      if (error instanceof CairnError && error.code === 'STOPPED') end(error);
      else arrive(traced, { unreachable: true });
    }
  };
  const waitUntil = async (untilMs: number) => {
    if (inbox.length > 0 || ended) return;
    const waiting = time.until(untilMs);
    if (open === 0) time.skip();
    await waiting;
  };
  const abort = () => time.wake();

  signal?.throwIfAborted();
  signal?.addEventListener('abort', abort);
  try {
    let step = machine.next(undefined as never);
    while (!step.done) {
      for (const query of step.value.send) void ask(query);
      await waitUntil(step.value.untilMs);
      signal?.throwIfAborted();
      if (ended) throw ended;
      step = machine.next(eventOf(inbox.shift(), time.now()));
    }
    return { result: step.value, trace, elapsedMs: time.now() };
  } finally {
    signal?.removeEventListener('abort', abort);
    ending.abort();
  }
}
