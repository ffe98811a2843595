import type { Edns, Message, Question } from '../dns/message.ts';
import { foldName, type Name, ROOT } from '../dns/name.ts';
import { MAX_MESSAGE_OCTETS } from '../dns/wire/encode.ts';
import type { Peer } from '../net/transport.ts';

const MIN_UDP_OCTETS = 512;

export type Protocol = 'udp' | 'tcp';

/** How a query came in; an object of its own for each. */
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

/** A question on its way through a chain of plugins. Never changed: a plugin that rewrites hands a changed copy on. */
export interface Query extends Arrival {
  /** The same object in all copies that are made of the query on its way: what is kept of the query can be found by it again. */
  readonly arrival: Arrival;
  /** The message as it was received. */
  readonly message: Message;
  /** In the client's own letter case. */
  readonly question: Question;
  /** The qname, folded: what look-ups compare. */
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  readonly edns: Edns | undefined;
  /** Whether other servers are asked to say if they have authenticated the data (AD, RFC 6840 §5.7). */
  readonly ad: boolean;
  /**
   * Whether others may get the reply, too: what upstreams are sent then follows from the question, RD, CD, DO, `ad` and
   * the options that the Corefile adds, and from nothing else that the client's message has.
   */
  readonly shared: boolean;
  /** Whether a plugin has changed the query for this client: the reply, or the failure, is nobody else's, whatever the question. */
  readonly tailored: boolean;
  /** The (folded) zone of the server block's key that matched. */
  readonly zone: Name;
  /** The listener's name in logs and metrics, such as `dns://:53`. */
  readonly server: string;
  /** How many look-ups inside the server led to this one; 0 for a client's own. */
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

/** The most octets that the client takes in a reply. RFC 6891 §6.2.3: values below 512 count as 512, which it is without EDNS (RFC 1035 §2.3.4). */
export function roomOf({ protocol, edns }: Query): number {
  return protocol === 'udp' ? Math.max(edns?.udpSize ?? 0, MIN_UDP_OCTETS) : MAX_MESSAGE_OCTETS;
}
