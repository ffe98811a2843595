import type { Message } from '../../dns/message.ts';
import { foldName } from '../../dns/name.ts';
import { parseType, printType } from '../../dns/rr.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import type { Transport } from '../../resolver/index.ts';

/** What came back for one question, the last time that it was asked. */
export interface Recorded {
  readonly octets: Uint8Array;
  /** Undefined where the octets are no DNS message. */
  readonly message: Message | undefined;
  /** Which plugin answered and why, where the server runs in this process. */
  readonly explanation: string | undefined;
}

/** A server's reply, with an explanation where there is one. */
export interface Told {
  readonly octets: Uint8Array | undefined;
  /** Which plugin answered and why. */
  readonly explanation?: string;
  readonly reason?: string | undefined;
}

/** A transport that remembers the replies. */
export interface Recorder {
  readonly transport: Transport;
  recorded(name: string, type: string): Recorded | undefined;
  /** Gives the replies again; rejects where there is none for the question. */
  readonly replay: Transport;
}

/** As {@link Transport}; what it tells besides the octets is kept with them. */
export type Telling = (...exchange: Parameters<Transport>) => Promise<Told>;

export function recordExchanges(exchange: Telling): Recorder {
  const replies = new Map<string, Recorded>();
  return {
    async transport(...asked) {
      const [message] = asked;
      const { octets, explanation, reason } = await exchange(...asked);
      // Octets of UDP that ask for TCP are followed by the whole reply, which takes their place.
      if (octets) replies.set(questionOf(message), { octets, message: read(octets), explanation });
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
