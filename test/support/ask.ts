import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { decode, encode, type Packet, RECURSION_DESIRED } from 'dns-packet';
import { printRcode } from '../../src/dns/message.ts';
import { printRdata } from '../../src/dns/presentation.ts';
import { parseType } from '../../src/dns/rr.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { PATIENT } from './patience.ts';

export interface AskOptions {
  readonly tcp?: boolean;
  readonly address?: string;
  /** Adds an OPT record with this UDP size. */
  readonly udpSize?: number;
}

/** What a server said: checked by dns-packet too, a reader that is not ours. */
export interface Asked {
  readonly rcode: string;
  readonly flags: readonly string[];
  /** The rdata of the answer records as zone-file text, in the order in which they came. */
  readonly answer: readonly string[];
  readonly octets: Buffer;
  readonly message: ReturnType<typeof decodeMessage>;
}

/** Asks one question as a stub resolver would, with RD set. */
export async function ask(port: number, name: string, type: string, options: AskOptions = {}): Promise<Asked> {
  const request = encode(questionPacket(name, type, options));
  const address = options.address ?? '127.0.0.1';
  const octets = options.tcp ? await exchangeTcp(address, port, request) : await exchangeUdp(address, port, request);
  decode(octets);
  const message = decodeMessage(octets);
  const flags = (['aa', 'tc', 'rd', 'ra', 'ad', 'cd'] as const).filter((flag) => message[flag]);
  return { rcode: printRcode(message.rcode), flags, answer: message.answer.map(printRdata), octets, message };
}

export function questionPacket(name: string, type: string, { udpSize }: AskOptions = {}): Packet {
  return {
    type: 'query',
    id: Math.floor(Math.random() * 65536),
    flags: RECURSION_DESIRED,
    questions: [{ type: typeOf(type) as 'A', name }],
    ...(udpSize && {
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: udpSize,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    }),
  };
}

/** dns-packet does not know these names. */
function typeOf(type: string): string {
  return ['SVCB', 'HTTPS'].includes(type) ? `UNKNOWN_${parseType(type)}` : type;
}

/** @param from the client's own address, of any port. */
export async function exchangeUdp(address: string, port: number, request: Uint8Array, from?: string): Promise<Buffer> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    if (from !== undefined) socket.bind(0, from);
    socket.send(request, port, address);
    const [reply] = await once(socket, 'message', { signal: AbortSignal.timeout(PATIENT.timeout) });
    return reply;
  } finally {
    socket.close();
  }
}

/** @param from the client's own address, of any port. */
export async function exchangeTcp(address: string, port: number, request: Uint8Array, from?: string): Promise<Buffer> {
  const socket = connect({ port, host: address, ...(from !== undefined && { localAddress: from }) });
  try {
    const prefix = Buffer.alloc(2);
    prefix.writeUInt16BE(request.length);
    socket.write(Buffer.concat([prefix, request]));
    let received = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) break;
    }
    return received.subarray(2);
  } finally {
    socket.destroy();
  }
}
