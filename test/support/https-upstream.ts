import { once } from 'node:events';
import {
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Message } from '../../src/dns/message.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { KEY, SERVER_CERT } from './authority.ts';

/** A request as a scripted server got it. */
export interface HttpsReceived {
  readonly headers: IncomingHttpHeaders;
  readonly message: Message;
  /** Responds with a message, or with whatever octets; the headers are those of a good response unless they are changed. */
  reply(message: Message | Uint8Array, headers?: Record<string, string | number>): void;
  /** For responses of another kind. */
  readonly stream: ServerHttp2Stream;
  readonly session: ServerHttp2Session;
}

/** A DNS server over HTTPS that does what a test says, on a port of 127.0.0.1. */
export interface HttpsUpstream {
  readonly port: number;
  readonly endpoint: string;
  readonly received: readonly HttpsReceived[];
  /** How many connections were accepted so far. */
  readonly connections: number;
  on(script: (query: HttpsReceived) => void): void;
  close(): Promise<void>;
}

export async function startHttpsUpstream(script: (query: HttpsReceived) => void): Promise<HttpsUpstream> {
  const received: HttpsReceived[] = [];
  const sessions = new Set<ServerHttp2Session>();
  let connections = 0;
  let current = script;
  const server = createSecureServer({ cert: SERVER_CERT, key: KEY });
  server.on('session', (session) => {
    connections++;
    sessions.add(session);
    session.on('error', () => {}).on('close', () => sessions.delete(session));
  });
  server.on('stream', async (stream, headers) => {
    stream.on('error', () => {});
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const inPath = /[?&]dns=([^&]*)/.exec(headers[':path'] ?? '')?.[1];
    const octets = inPath === undefined ? Buffer.concat(chunks) : Buffer.from(inPath, 'base64url');
    const query: HttpsReceived = {
      headers,
      message: decodeMessage(octets),
      stream,
      session: stream.session as ServerHttp2Session,
      reply(message, extra = {}) {
        stream.respond({ ':status': 200, 'content-type': 'application/dns-message', ...extra });
        stream.end(message instanceof Uint8Array ? message : encodeMessage(message));
      },
    };
    received.push(query);
    current(query);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ port, endpoint: `127.0.0.1:${port}`, received },
    get connections() {
      return connections;
    },
    on: (next) => {
      current = next;
    },
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
