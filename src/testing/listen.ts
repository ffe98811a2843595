import { PORT } from '../base/check.ts';
import { canonicalAddress } from '../net/addresses.ts';
import type { StreamListener } from '../net/stream/stream-listener.ts';
import { openTcp } from '../net/stream/tcp.ts';
import type { Peer, Receiver } from '../net/transport.ts';
import { openUdp } from '../net/udp/udp.ts';
import { systemClock } from '../observe/clock.ts';
import { createLogger, type LogSink } from '../observe/log.ts';
import type { Protocol } from '../plugin/query.ts';
import { sendAnswer } from '../server/listeners/sockets.ts';
import type { Server } from '../server/server.ts';
import { check } from './known-options.ts';

/** How often the system may pick another port, until one is free over both protocols. */
const PORT_ATTEMPTS = 16;

const ADDRESS = {
  should: 'an IP address such as 0.0.0.0',
  accepts: (value: unknown) => typeof value === 'string' && canonicalAddress(value) !== undefined,
};

/** What answers at the sockets. */
type Answering = Pick<Server, 'answer'>;

/** Where a cluster answers programs outside of the test. */
export interface ListenOptions {
  /** An address of this machine; `0.0.0.0` and `::` stand for all of a family. 127.0.0.1 by default. */
  readonly address?: string;
  /** 0, the default, lets the system choose. */
  readonly port?: number;
}

/** The sockets at which a cluster answers, over UDP and TCP. */
export interface Listening extends AsyncDisposable {
  readonly address: Peer;
  /** Closes the sockets; `await using` does so at the end of its block. */
  close(): Promise<void>;
}

/** Opens sockets for a server, over UDP and TCP. @throws CairnError (as a rejection) that says why an address or a port cannot be had */
export async function listenFor(server: Answering, sink: LogSink, options: ListenOptions = {}): Promise<Listening> {
  check.options('listen', options, { address: ADDRESS, port: PORT });
  const target = readTarget(options);
  for (let attempt = 1; ; attempt++) {
    const tcp = await openTcp({ ...target, clock: systemClock, kind: 'portable' }, receiver(server, 'tcp'));
    try {
      return await joinUdp(tcp, target.address, server, sink);
    } catch (error) {
      await tcp.close(0);
      if (target.port !== 0 || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

function readTarget({ address: text = '127.0.0.1', port = 0 }: ListenOptions): Peer {
  return { address: canonicalAddress(text)!, port };
}

async function joinUdp(tcp: StreamListener, address: string, server: Answering, sink: LogSink): Promise<Listening> {
  const { port } = tcp;
  const options = { address, port, clock: systemClock, log: createLogger(sink), kind: 'portable' as const };
  const udp = await openUdp(options, receiver(server, 'udp'));
  const close = async () => void (await Promise.all([tcp.close(), udp.close()]));
  return { address: { address, port }, close, [Symbol.asyncDispose]: close };
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
