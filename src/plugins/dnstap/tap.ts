import { messageOf } from '../../base/errors.ts';
import type { FrameSink } from '../../net/frame-stream/sink.ts';
import { printPeer } from '../../net/transport.ts';
import { withId } from '../../net/upstream/match.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Query } from '../../plugin/query.ts';
import type { Exchange, Tap, UpstreamProtocol } from '../../plugin/tap.ts';
import { encodeTapped, MessageType, type TappedMessage, type Teller } from './message.ts';

/** One directive: where messages go, and what is told of them. */
export interface Outlet extends Teller {
  readonly sink: FrameSink;
  readonly full: boolean;
  /** @param upstream the server that is asked, if the message is one of the forwarder. */
  extra(query: Query, upstream: string | undefined): Uint8Array;
}

/** The offset between the clock's two scales may waver this much before it is taken for a change of the time of day. */
const STEADY_MS = 2;

/** Tells every outlet of the messages that it sees. */
export class DnstapTap implements Tap {
  private readonly outlets: readonly Outlet[];
  private readonly clock: Clock;
  private readonly failed: (message: string) => void;
  private offsetMs = Number.NEGATIVE_INFINITY;

  /** @param failed called with an error of a plugin that was asked for a label. */
  constructor(outlets: readonly Outlet[], clock: Clock, failed: (message: string) => void) {
    this.outlets = outlets;
    this.clock = clock;
    this.failed = failed;
  }

  clientQuery(query: Query, bytes: Uint8Array): void {
    if (this.isWanted) this.tell(query, this.clientMessage(MessageType.CLIENT_QUERY, query), () => bytes);
  }

  clientResponse(query: Query, bytes: Uint8Array): void {
    if (this.isWanted) this.tell(query, this.clientMessage(MessageType.CLIENT_RESPONSE, query), () => bytes);
  }

  forwarderQuery(exchange: Exchange, bytes: Uint8Array): void {
    if (!this.isWanted) return;
    const message = this.forwarderMessage(MessageType.FORWARDER_QUERY, exchange);
    this.tell(exchange.query, message, () => withId(bytes, exchange.id), printPeer(exchange.upstream));
  }

  forwarderResponse(exchange: Exchange, bytes: Uint8Array): void {
    if (!this.isWanted) return;
    const message = this.forwarderMessage(MessageType.FORWARDER_RESPONSE, exchange);
    this.tell(exchange.query, message, () => bytes, printPeer(exchange.upstream));
  }

  private get isWanted(): boolean {
    return this.outlets.some(({ sink }) => sink.isWanted);
  }

  private clientMessage(type: number, query: Query): TappedMessage {
    const { client: asker, local: asked, receivedMs } = query;
    return { type, protocol: protocolOf(query), asker, asked, ...this.times(type, receivedMs) };
  }

  private forwarderMessage(type: number, { protocol, from: asker, upstream: asked, sentMs }: Exchange): TappedMessage {
    return { type, protocol, asker, asked, ...this.times(type, sentMs) };
  }

  private times(type: number, startMs: number): Pick<TappedMessage, 'queryMs' | 'responseMs'> {
    const { clock } = this;
    const nowMs = clock.monotonic();
    const offsetMs = clock.now() - nowMs;
    // The same query gets the same time in all messages.
    if (Math.abs(offsetMs - this.offsetMs) > STEADY_MS) this.offsetMs = offsetMs;
    const isQuery = type === MessageType.CLIENT_QUERY || type === MessageType.FORWARDER_QUERY;
    return { queryMs: this.offsetMs + startMs, responseMs: isQuery ? undefined : this.offsetMs + nowMs };
  }

  private tell(query: Query, message: TappedMessage, wire: () => Uint8Array, upstream?: string): void {
    for (const outlet of this.outlets) {
      const { sink, full } = outlet;
      if (!sink.isWanted) continue;
      try {
        sink.push(encodeTapped(outlet, outlet.extra(query, upstream), message, full ? wire() : undefined));
      } catch (thrown) {
        this.failed(messageOf(thrown));
      }
    }
  }
}

/** Queries over TLS and HTTPS are of the protocol TCP; the listener's name tells them apart. */
function protocolOf({ server, protocol }: Query): UpstreamProtocol {
  if (server.startsWith('tls://')) return 'tls';
  return server.startsWith('https://') ? 'https' : protocol;
}
