import { CairnError } from '../base/errors.ts';
import { type Message, Opcode, Rcode } from '../dns/message.ts';
import { printType } from '../dns/rr.ts';
import { decodeMessage } from '../dns/wire/decode.ts';
import { encodeMessage } from '../dns/wire/encode.ts';
import type { Peer } from '../net/transport.ts';
import { systemClock } from '../observe/clock.ts';
import type { Brought, Protocol } from '../resolver/index.ts';
import type { Server } from '../server/server.ts';
import { readFaultNames } from './fault-names.ts';
import { createFaults, type Disturbance, type Faults } from './faults.ts';
import { createJournal, type Journal } from './journal.ts';
import { createLookupWatch, type LookupWatch } from './observed.ts';
import type { ServedCluster } from './stand-ins.ts';

/** A query on its way from a pod to a server. */
export interface Sent {
  readonly message: Uint8Array;
  readonly server: Server;
  readonly protocol: Protocol;
  readonly client: Peer;
  /** As {@link AskedQuery.pod}. */
  readonly pod: string;
  /** Ends with the lookup, and is one for each. */
  readonly signal: AbortSignal;
}

/** All that happens between those who ask and the servers: queries are noted, and faults strike. */
export interface Traffic extends Pick<Journal, 'mark' | 'queries'>, Pick<Faults, 'fail' | 'delay'> {
  /** What a pod's transport brings back. */
  carry(sent: Sent): Promise<Brought | 'silence' | undefined>;
  /** A server as programs outside of the test reach it. */
  outside(server: Server): Pick<Server, 'answer'>;
  readonly lookups: LookupWatch;
  /** Ends all waits of delayed queries. */
  stop(): void;
}

/** A query that is noted, and what happens to it; a message without a query is not noted. */
interface Passage {
  readonly query: Message | undefined;
  readonly disturbance: Disturbance;
  readonly end: ReturnType<Journal['begin']>;
}

export function createTraffic(cluster: ServedCluster): Traffic {
  const journal = createJournal();
  const faults = createFaults((text) => readFaultNames(text, cluster));
  const ending = new AbortController();
  const begin = (bytes: Uint8Array, lookup: object, protocol: Protocol, pod?: string): Passage => {
    const query = queryIn(bytes);
    if (!query) return { query, disturbance: { delayMs: 0 }, end() {} };
    const [question] = query.questions;
    const asked = { pod, name: question!.name, type: printType(question!.type), protocol };
    return { query, disturbance: faults.of(question!, lookup), end: journal.begin(asked) };
  };
  return {
    mark: journal.mark,
    queries: journal.queries,
    fail: faults.fail,
    delay: faults.delay,
    lookups: createLookupWatch(),
    stop: () => ending.abort(),
    async carry({ message, server, protocol, client, pod, signal }) {
      const { query, end, disturbance } = begin(message, signal, protocol, pod);
      const passed = await passes(disturbance, [signal, ending.signal]);
      if (!passed) end('timeout');
      // The lookup ends with this error, rather than with one about the network.
      if (ending.signal.aborted) throw new CairnError('STOPPED', `a lookup in pod ${pod}: the cluster is stopped`);
      if (!passed) return 'silence';
      const { bytes: octets, reason } =
        failureOf(query, disturbance) ?? (await server.explain(message, { protocol, client })) ?? {};
      end(octets ? { octets, reason } : 'timeout');
      return octets ? { octets, reason, afterMs: disturbance.delayMs } : 'silence';
    },
    outside: (server) => ({
      async answer(bytes, visit = {}) {
        const { query, end, disturbance } = begin(bytes, bytes, visit.protocol === 'udp' ? 'udp' : 'tcp');
        if (!(await passes(disturbance, [ending.signal]))) {
          end('timeout');
          return undefined;
        }
        const failure = failureOf(query, disturbance);
        const answer = failure ? failure.bytes : await server.answer(bytes, visit);
        // The messages of a zone transfer are made as they are sent.
        const octets = answer && 'next' in answer ? query && responseTo(query, Rcode.NOERROR) : answer;
        end(octets ? { octets, reason: failure?.reason } : 'timeout');
        return answer;
      },
    }),
  };
}

/** The query in a message; undefined if it has none. */
function queryIn(bytes: Uint8Array): Message | undefined {
  try {
    const message = decodeMessage(bytes);
    const isQuery = !message.qr && message.opcode === Opcode.QUERY && message.questions.length === 1;
    return isQuery ? message : undefined;
  } catch {
    return undefined;
  }
}

/** Waits as long as the query is delayed. Whether it is answered at all; not if one of the signals came first. */
function passes({ fail, delayMs }: Disturbance, signals: readonly AbortSignal[]): Promise<boolean> | boolean {
  if (fail === 'timeout' || signals.some((signal) => signal.aborted)) return false;
  if (delayMs === 0) return true;
  return new Promise((resolve) => {
    const finish = (passed: boolean) => {
      timer?.cancel();
      for (const signal of signals) signal.removeEventListener('abort', abort);
      resolve(passed);
    };
    const abort = () => finish(false);
    for (const signal of signals) signal.addEventListener('abort', abort);
    const timer = delayMs === Infinity ? undefined : systemClock.after(delayMs, () => finish(true));
  });
}

function failureOf(query: Message | undefined, { fail }: Disturbance) {
  if (!query || !fail || fail === 'timeout') return undefined;
  return { bytes: responseTo(query, fail.rcode), reason: fail.reason };
}

/** A response without records. */
function responseTo(query: Message, rcode: number): Buffer {
  const edns = query.edns && { ...query.edns, options: [] };
  return encodeMessage({ ...query, qr: true, ra: true, rcode, answer: [], authority: [], additional: [], edns });
}
