import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2, type SecureClientSessionOptions } from 'node:http2';
import { type RequestOptions, request } from 'node:https';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { encode } from 'dns-packet';
import { onTestFinished } from 'vitest';
import { printRdata } from '../../src/dns/presentation.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { createFrames, frame } from '../../src/net/stream/frames.ts';
import { questionPacket } from './ask.ts';
import { CA_CERT } from './authority.ts';

/** What a client needs to believe the certificates of `authority.ts`. */
export const TRUST = { ca: CA_CERT, servername: 'dns.test' };

/** The octets of a question as a stub resolver asks it. */
export function questionOctets(name: string, type: string): Buffer {
  return encode(questionPacket(name, type));
}

/** The answer section of a reply as rdata in zone-file text. */
export function answersIn(reply: Uint8Array): string[] {
  return decodeMessage(reply).answer.map(printRdata);
}

/** A client over TLS. */
export interface TlsClient {
  readonly socket: TLSSocket;
  /** Sends one query and waits for one reply. */
  ask(query: Uint8Array): Promise<Buffer>;
  /** Settles when the server has ended the connection. */
  readonly ended: Promise<unknown>;
}

/** Connects to a port of 127.0.0.1, and is secure when it settles. */
export async function dialTls(port: number, options: ConnectionOptions = {}): Promise<TlsClient> {
  const socket = connect({ host: '127.0.0.1', port, ...TRUST, ...options });
  onTestFinished(() => void socket.destroy());
  const frames = createFrames();
  const waiting: ((reply: Buffer) => void)[] = [];
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.on('data', (chunk: Buffer) => {
    frames.push(chunk);
    for (let reply = frames.next(); reply; reply = frames.next()) waiting.shift()?.(reply);
  });
  await once(socket, 'secureConnect');
  socket.on('error', () => {});
  const ask = (query: Uint8Array) =>
    new Promise<Buffer>((resolve, reject) => {
      if (socket.closed) throw new Error('the server has closed the connection');
      waiting.push(resolve);
      socket.once('close', () => reject(new Error('the server closed the connection')));
      socket.write(frame(query));
    });
  return { socket, ended, ask };
}

/** What came back over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Sends a request over HTTP/1.1 on a connection of its own. */
export async function fetchHttp1(port: number, options: RequestOptions, body?: Uint8Array): Promise<HttpAnswer> {
  const sent = request({ host: '127.0.0.1', port, agent: false, ...TRUST, ...options });
  sent.end(body);
  const [response] = await once(sent, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

/** A client over HTTP/2. */
export interface Http2Client {
  readonly session: ClientHttp2Session;
  readonly ended: Promise<unknown>;
  fetch(headers: Record<string, string>, body?: Uint8Array): Promise<HttpAnswer>;
}

export async function dialHttp2(port: number, options: SecureClientSessionOptions = {}): Promise<Http2Client> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ...TRUST, ...options });
  onTestFinished(() => session.destroy());
  const ended = new Promise((resolve) => session.once('close', resolve));
  await once(session, 'connect');
  session.on('error', () => {});
  return {
    session,
    ended,
    async fetch(headers, body) {
      const stream = session.request(headers, { endStream: body === undefined });
      if (body) stream.end(body);
      const [responded] = await once(stream, 'response');
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      return { status: Number(responded[':status']), headers: responded, body: Buffer.concat(chunks) };
    },
  };
}
