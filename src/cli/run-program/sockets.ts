import type { ChildProcess } from 'node:child_process';
import { Socket as UdpSocket } from 'node:dgram';
import { Server } from 'node:net';
import { printPeer } from '../../net/transport.ts';
import { type AnswerMessage, serveTcp, serveUdp } from './dns.ts';
import type { PodNetwork } from './namespaces.ts';
import type { SocketPlace } from './open-sockets.ts';
import { relay } from './relay.ts';
import type { Served } from './serve.ts';

interface Serving {
  readonly network: PodNetwork | undefined;
  readonly served: readonly Served[];
  readonly answer: AnswerMessage;
  /** Gets why a connection could not be handed to a program outside. */
  readonly tell: (problem: string) => void;
}

/** Serves the sockets that come from a program's namespaces, until the result is called. The program starts when all of them are served. */
export function serveSockets(program: ChildProcess, { network, served, answer, tell }: Serving): () => void {
  const outside = new Map(served.map((one) => [printPeer(one.at), one]));
  const open: (() => void)[] = [];
  const wanted = network?.sockets.length ?? 0;
  let isComplete = false;
  program.on('message', (message, handle) => {
    if (message === 'all') isComplete = true;
    if (handle instanceof UdpSocket) open.push(serveUdp(handle, (message as SocketPlace).address, answer));
    if (handle instanceof Server) open.push(serveStreams(handle, message as SocketPlace));
    if (isComplete && open.length === wanted) program.send('go', () => {});
  });
  return () => {
    for (const close of open) close();
  };

  function serveStreams(server: Server, place: SocketPlace): () => void {
    // A server that comes from another process has the defaults.
    Object.assign(server, { allowHalfOpen: true });
    const target = outside.get(printPeer(place));
    return target ? relay(server, target, tell) : serveTcp(server, place.address, answer);
  }
}
