import type { Edns, Message, Question } from '../dns/message.ts';
import { foldName, type Name, ROOT } from '../dns/name.ts';
import { MAX_MESSAGE_OCTETS } from '../dns/wire/encode.ts';
import type { Peer } from '../net/transport.ts';

const MIN_UDP_OCTETS = 512;

export type Protocol = 'udp' | 'tcp';

/** How a query came in; one object for each query. */
export interface Arrival {
  readonly protocol: Protocol;
  readonly client: Peer;
  /** The address that was asked. */
  readonly local: Peer;
  /** Octets of the message on the wire. */
  readonly octets: number;
  /** When it came, on the clock's monotonic scale, in milliseconds. */
  readonly receivedMs: number;
}

/** A question on its way through a chain of plugins. It never changes: a plugin that rewrites passes on a changed copy. */
export interface Query extends Arrival {
  /** The same object in all copies of the query, so that state of a query can be found by it. */
  readonly arrival: Arrival;
  /** The message as it was received. */
  readonly message: Message;
  /** In the client's letter case. */
  readonly question: Question;
  /** The qname, folded, for lookups. */
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  readonly edns: Edns | undefined;
  /** Whether upstreams are asked to say if they have authenticated the data (AD, RFC 6840 §5.7). */
  readonly ad: boolean;
  /**
   * Whether other clients may get the reply, too. If so, upstreams get only what follows from the question, RD, CD, DO, `ad` and the options that the
   * Corefile adds, and nothing else from the client's message.
   */
  readonly shared: boolean;
  /** Whether a plugin has changed the query for this client. Then the reply, or the failure, is for this client alone. */
  readonly tailored: boolean;
  /** The (folded) zone of the server block's key that matched. */
  readonly zone: Name;
  /** The listener's name in logs and metrics, such as `dns://:53`. */
  readonly server: string;
  /** How many lookups inside the server led to this one; 0 for a client's query. */
  readonly depth: number;
}

/** The query for a message with exactly one question, routed to the block of the (folded) `zone`; `name` is its folded qname. */
export function createQuery(
  message: Message,
  arrival: Arrival,
  server: string,
  zone: Name = ROOT,
  name: Name = foldName(message.questions[0]!.name),
): Query {
  const question = message.questions[0]!;
  return {
    arrival,
    protocol: arrival.protocol,
    client: arrival.client,
    local: arrival.local,
    octets: arrival.octets,
    receivedMs: arrival.receivedMs,
    message,
    question,
    name,
    type: question.type,
    class: question.class,
    edns: message.edns,
    ad: message.ad,
    shared: false,
    tailored: false,
    zone,
    server,
    depth: 0,
  };
}

/** The same query with another question. */
export function withQuestion(query: Query, question: Question): Query {
  return { ...query, question, name: foldName(question.name), type: question.type, class: question.class };
}

/**
 * The most octets that the client accepts in a response: 512 over UDP without EDNS (RFC 1035 §2.3.4). Smaller values in EDNS count as 512 (RFC 6891
 * §6.2.3).
 */
export function roomOf({ protocol, edns }: Query): number {
  return protocol === 'udp' ? Math.max(edns?.udpSize ?? 0, MIN_UDP_OCTETS) : MAX_MESSAGE_OCTETS;
}
