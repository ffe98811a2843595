import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type Message, Rcode } from '../../src/dns/message.ts';
import { parseRecord } from '../../src/dns/presentation.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';

/** A query as a scripted server got it. */
export interface Received {
  readonly protocol: 'udp' | 'tcp';
  readonly message: Message;
  readonly octets: Uint8Array;
  readonly peer: { readonly address: string; readonly port: number };
  /** How many queries came before this one, over either protocol. */
  readonly index: number;
  /** Sends a message now or later, as often as the test likes: raw octets go out as they are. */
  reply(message: Message | Uint8Array): void;
  /** Closes the TCP connection; nothing over UDP. */
  close(): void;
}

/** A DNS server that does what a test says, on one port over UDP and TCP, or over UDP and TLS. */
export interface ScriptedUpstream {
  readonly address: string;
  readonly port: number;
  /** `ADDRESS:PORT`. */
  readonly endpoint: string;
  readonly received: readonly Received[];
  /** How many TCP connections were accepted so far. */
  readonly connections: number;
  /** The query with this index, once it has come. */
  query(index: number): Promise<Received>;
  /** Changes the script. */
  on(script: Script): void;
  close(): Promise<void>;
}

/** Called for each query; what it does not reply to is dropped. */
export type Script = (query: Received) => void;

/** The reply to a query: records in zone-file text, by section, and header fields to set. */
export function answerTo(query: Message, records: readonly string[] = [], header: Partial<Message> = {}): Message {
  return {
    ...query,
    ...{ qr: true, ra: true, ad: false, rcode: Rcode.NOERROR },
    answer: records.map((line) => parseRecord(line)),
    ...{ authority: [], additional: [] },
    ...header,
  };
}

/** A script that gives every query the same answer. */
export function answering(records: readonly string[] = [], header: Partial<Message> = {}): Script {
  return (query) => query.reply(answerTo(query.message, records, header));
}

/** Where an upstream listens: a free port of 127.0.0.1, if nothing else is said. */
interface Place {
  readonly address: string;
  readonly port: number;
}

/** @param tls for TLS instead of TCP; the queries are `tcp` still. */
export async function startUpstream(
  script: Script = () => {},
  tls?: TlsOptions,
  place: Place = { address: '127.0.0.1', port: 0 },
): Promise<ScriptedUpstream> {
  const { address } = place;
  const received: Received[] = [];
  const waiting = new Map<number, (query: Received) => void>();
  const sockets = new Set<Socket>();
  let current = script;
  let connections = 0;
  const take = (query: Omit<Received, 'index' | 'message'>) => {
    const whole: Received = { ...query, message: decodeMessage(query.octets), index: received.length };
    received.push(whole);
    waiting.get(whole.index)?.(whole);
    current(whole);
  };
  const accept = (socket: Socket) => {
    connections++;
    socket.on('error', () => {});
    readFrames(socket, (octets) => {
      const peer = { address: socket.remoteAddress!, port: socket.remotePort! };
      const reply = (message: Message | Uint8Array) => socket.write(framed(octetsOf(message)));
      take({ protocol: 'tcp', octets, peer, reply, close: () => socket.destroy() });
    });
  };
  const create = () => (tls ? createTlsServer(tls, accept) : createServer(accept));
  const { udp, tcp } = await listen(create, place);
  tcp.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  udp.on('message', (octets, peer) => {
    const reply = (message: Message | Uint8Array) => udp.send(octetsOf(message), peer.port, peer.address);
    take({ protocol: 'udp', octets: new Uint8Array(octets), peer, reply, close: () => {} });
  });
  const { port } = udp.address();
  return {
    address,
    port,
    endpoint: `${address}:${port}`,
    received,
    get connections() {
      return connections;
    },
    query: async (index) => received[index] ?? new Promise((arrived) => waiting.set(index, arrived)),
    on: (next) => {
      current = next;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        new Promise<void>((closed) => udp.close(closed)),
        new Promise<unknown>((closed) => tcp.close(closed)),
      ]);
    },
  };
}

/** A port of 127.0.0.1 on which nobody listened a moment ago. */
export async function refusedPort(): Promise<number> {
  const { udp, tcp } = await listen(createServer, { address: '127.0.0.1', port: 0 });
  const { port } = udp.address();
  await Promise.all([
    new Promise<void>((closed) => udp.close(closed)),
    new Promise<unknown>((closed) => tcp.close(closed)),
  ]);
  return port;
}

/** Opens the same port over both protocols; another program may hold either of a free port, so it tries again. */
async function listen(create: () => Server, { address, port }: Place): Promise<{ udp: UdpSocket; tcp: Server }> {
  for (;;) {
    const tcp = create().listen(port, address);
    await once(tcp, 'listening');
    const udp = createSocket('udp4');
    udp.bind((tcp.address() as AddressInfo).port, address);
    const opened = await once(udp, 'listening').then(
      () => true,
      () => false,
    );
    if (opened) return { udp, tcp };
    tcp.close();
  }
}

function octetsOf(message: Message | Uint8Array): Uint8Array {
  return message instanceof Uint8Array ? message : encodeMessage(message);
}

function framed(octets: Uint8Array): Buffer {
  const frame = Buffer.alloc(2 + octets.length);
  frame.writeUInt16BE(octets.length);
  frame.set(octets, 2);
  return frame;
}

function readFrames(socket: Socket, take: (octets: Uint8Array) => void): void {
  let buffered = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
      const end = 2 + buffered.readUInt16BE(0);
      take(new Uint8Array(buffered.subarray(2, end)));
      buffered = buffered.subarray(end);
    }
  });
}
