import type { Step } from '../../admin/protocol/index.ts';
import type { Message } from '../../dns/message.ts';
import { foldName } from '../../dns/name.ts';
import { parseType, printType } from '../../dns/rr.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import type { Transport } from '../../resolver/index.ts';

/** The last response to one question. */
interface Recorded {
  readonly octets: Uint8Array;
  /** Undefined if the octets are not a DNS message. */
  readonly message: Message | undefined;
  /** Which plugin answered and why, where the server runs in this process. */
  readonly explanation: string | undefined;
  /** The plugins that the query passed, where the server runs in this process. */
  readonly steps: readonly Step[] | undefined;
}

/** A server's response, with an explanation if there is one. */
export interface Told {
  readonly octets: Uint8Array | undefined;
  /** Which plugin answered and why. */
  readonly explanation?: string;
  readonly reason?: string | undefined;
  /** The plugins that the query passed. */
  readonly steps?: readonly Step[] | undefined;
}

/** A transport that records the responses. */
export interface Recorder {
  readonly transport: Transport;
  recorded(name: string, type: string): Recorded | undefined;
  /** Gives the recorded responses; rejects if the question has none. */
  readonly replay: Transport;
}

/** As {@link Transport}; the explanation is recorded with the octets. */
export type Telling = (...exchange: Parameters<Transport>) => Promise<Told>;

export function recordExchanges(exchange: Telling): Recorder {
  const replies = new Map<string, Recorded>();
  return {
    async transport(...asked) {
      const [message] = asked;
      const { octets, explanation, reason, steps } = await exchange(...asked);
      // A truncated response over UDP is followed by the whole response over TCP, which replaces it.
      if (octets) replies.set(questionOf(message), { octets, message: read(octets), explanation, steps });
      return octets && { octets, reason };
    },
    recorded: (name, type) => replies.get(keyOf(name, parseType(type) ?? 0)),
    async replay(message) {
      const known = replies.get(questionOf(message));
      if (!known) throw new Error('this question was not asked');
      const octets = Uint8Array.from(known.octets);
      octets.set(message.subarray(0, 2)); // the id is the new query's
      return octets;
    },
  };
}

function questionOf(octets: Uint8Array): string {
  const [question] = decodeMessage(octets).questions;
  return keyOf(question!.name, question!.type);
}

function keyOf(name: string, type: number): string {
  return `${foldName(name)} ${printType(type)}`;
}

function read(octets: Uint8Array): Message | undefined {
  try {
    return decodeMessage(octets);
  } catch {
    return undefined; // the resolver says what it makes of it
  }
}
