import { acceptStreams } from '../native/accept.ts';
import type { NativeStream } from '../native/native-stream.ts';
import type { Machinery } from '../native/serve-socket.ts';
import { leaveConnections, openStreamSocket } from '../native/socket.ts';
import type { Receiver, UdpKind } from '../transport.ts';
import { udpMachinery } from '../udp/udp.ts';
import { clientKey } from './by-client.ts';
import { SocketStream } from './byte-stream.ts';
import { Connections } from './connections.ts';
import {
  openStreams,
  STREAM_LIMITS,
  type StreamListener,
  type StreamOptions,
  streamListener,
} from './stream-listener.ts';
import { TcpConnection, type TcpWorld } from './tcp-connection.ts';
import { Turns } from './turns.ts';

/**
 * How many messages are handled in one turn of the event loop: about a millisecond's work. With a lower number, 200 queries of many connections need
 * several turns, and each query costs twice as much.
 */
const MESSAGES_PER_TURN = 256;

/**
 * Listens for DNS over TCP (RFC 7766) or, with credentials, over TLS (RFC 7858). In the clear, connections are read with system calls if the machine can
 * do that, as for UDP; `kind` or the environment overrides that.
 *
 * @throws CairnError (as a rejection) when the address is in use or cannot be bound.
 */
export async function openTcp(
  { kind, ...options }: StreamOptions & { readonly kind?: UdpKind },
  receive: Receiver,
): Promise<StreamListener> {
  const world = { receive, clock: options.clock, turns: new Turns(MESSAGES_PER_TURN) };
  const machinery = options.tls ? undefined : await udpMachinery(kind);
  if (machinery) return openNative(machinery, options, world);
  return openStreams(options, {
    // RFC 7858 has no ALPN name. `dot` came with RFC 9461, and older clients send none.
    alpnProtocols: ['dot'],
    // A client may send FIN after its last query and still wants the responses.
    allowHalfOpen: true,
    connect: (socket, limits, events) => new TcpConnection(new SocketStream(socket), world, limits, events),
  });
}

/** @throws CairnError when the address is in use or cannot be bound. */
function openNative(machinery: Machinery, options: StreamOptions, world: TcpWorld): StreamListener {
  const { kernel } = machinery;
  const limits = { ...STREAM_LIMITS, ...options.limits };
  const connections = new Connections(world.clock, limits);
  const accept = (stream: NativeStream) => {
    if (!connections.makeRoom(clientKey(stream.remote.address))) return refuse(stream);
    connections.add(new TcpConnection(stream, world, limits, connections), () => stream.reset());
  };
  const refuse = (stream?: NativeStream) => {
    connections.stats.refused++;
    stream?.destroy();
  };
  const socket = openStreamSocket(kernel, options);
  const stop = acceptStreams(machinery, socket, accept, refuse);
  const leave = options.reusePort ? () => leaveConnections(kernel, socket.fd) : undefined;
  const shut = () => {
    stop();
    return connections.allClosed();
  };
  return streamListener({ port: socket.port, leave, shut }, connections, limits, world.clock);
}
