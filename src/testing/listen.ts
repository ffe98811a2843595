import type { StreamListener } from '../net/stream/stream-listener.ts';
import { openTcp } from '../net/stream/tcp.ts';
import type { Peer, Receiver } from '../net/transport.ts';
import { openUdp } from '../net/udp/udp.ts';
import { systemClock } from '../observe/clock.ts';
import { createLogger, type LogSink } from '../observe/log.ts';
import type { Protocol } from '../plugin/query.ts';
import { sendAnswer } from '../server/listeners/sockets.ts';
import type { Server } from '../server/server.ts';

const ADDRESS = '127.0.0.1';
/** How often the system may pick another port, until one is free over both protocols. */
const PORT_ATTEMPTS = 16;

/** What answers at them. */
type Answering = Pick<Server, 'answer'>;

/** The sockets at which a server answers on this machine. */
export interface LocalSockets {
  readonly address: Peer;
  close(): Promise<void>;
}

/** Opens a free port of 127.0.0.1 for a server, over UDP and TCP. */
export async function listenFor(server: Answering, sink: LogSink): Promise<LocalSockets> {
  for (let attempt = 1; ; attempt++) {
    const tcp = await openTcp({ address: ADDRESS, port: 0, clock: systemClock }, receiver(server, 'tcp'));
    try {
      return await joinUdp(tcp, server, sink);
    } catch (error) {
      await tcp.close(0);
      if (attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function joinUdp(tcp: StreamListener, server: Answering, sink: LogSink): Promise<LocalSockets> {
  const { port } = tcp;
  const options = { address: ADDRESS, port, clock: systemClock, log: createLogger(sink), kind: 'portable' as const };
  const udp = await openUdp(options, receiver(server, 'udp'));
  return {
    address: { address: ADDRESS, port },
    close: async () => void (await Promise.all([tcp.close(), udp.close()])),
  };
}

function receiver(server: Answering, protocol: Protocol): Receiver {
  return (incoming) => {
    const { bytes, client } = incoming;
    const send = incoming.defer();
    // The transport reuses the octets when this returns.
    void server.answer(Uint8Array.from(bytes), { protocol, client }).then((answer) => sendAnswer(send, answer));
    return undefined;
  };
}
