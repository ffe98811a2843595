import { createSocket } from 'node:dgram';
import { decode, encode } from 'dns-packet';
import { questionPacket } from '../test/support/ask.ts';

/** Sends a server query after query, without waiting for responses. */
export interface Asker {
  /** Asks for a name's IPv4 addresses each millisecond, until `isWanted` is true for an answer. Returns the time of that answer. */
  untilAnswered(name: string, isWanted: (addresses: readonly string[]) => boolean): Promise<number>;
  close(): void;
}

interface Wanted {
  readonly query: Buffer;
  readonly isWanted: (addresses: readonly string[]) => boolean;
  readonly answered: (atMs: number) => void;
}

const EVERY_MS = 1;

/** Times are on the scale of `performance.now`. */
export function createAsker(port: number, address = '127.0.0.1'): Asker {
  const socket = createSocket('udp4');
  const wanted = new Map<number, Wanted>();
  let lastId = 0;
  const timer = setInterval(() => {
    for (const { query } of wanted.values()) socket.send(query, port, address);
  }, EVERY_MS);
  socket.on('message', (octets) => {
    const atMs = performance.now();
    const id = octets.readUInt16BE(0);
    const one = wanted.get(id);
    // The response is SERVFAIL until the server is ready.
    if (one === undefined || (octets[3]! & 15) !== 0) return;
    const answers = decode(octets).answers ?? [];
    if (!one.isWanted(answers.flatMap((answer) => (answer.type === 'A' ? [answer.data] : [])))) return;
    wanted.delete(id);
    one.answered(atMs);
  });
  socket.on('error', () => {}); // nothing listens there yet
  return {
    untilAnswered(name, isWanted) {
      lastId = (lastId + 1) & 0xffff;
      const query = encode({ ...questionPacket(name, 'A'), id: lastId });
      return new Promise((answered) => wanted.set(lastId, { query, isWanted, answered }));
    },
    close() {
      clearInterval(timer);
      socket.close();
    },
  };
}
