import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { CA_CERT } from '../../test/support/authority.ts';
import { framed } from '../attacks/message.ts';
import { classes } from './messages.ts';

/** The server's ports for connections. */
export interface StreamPorts {
  readonly tcp: number;
  readonly tls: number;
  readonly https: number;
}

const TRUST = { host: '127.0.0.1', ca: CA_CERT, servername: 'dns.test' };
const GIVE_UP_MS = 5000;
const MAX_MESSAGES = 5;

/** The octets for one connection: messages whose length is right, wrong or never reached. */
function framesOf(random: () => number): Buffer {
  const below = (limit: number) => Math.floor(random() * limit);
  const frames = Array.from({ length: 1 + below(MAX_MESSAGES) }, () => {
    const message = framed(classes[below(classes.length)]!.make(random).subarray(0, 65_535));
    if (random() < 0.2) message.writeUInt16BE(below(65_536));
    return message;
  });
  return Buffer.concat(frames);
}

/** Writes octets in separate pieces, and ends the connection, abruptly or not. */
async function inFragments(socket: Socket, octets: Buffer, random: () => number): Promise<void> {
  for (let at = 0; at < octets.length && socket.writable; ) {
    const length = 1 + Math.floor(random() * (random() < 0.5 ? 8 : octets.length));
    socket.write(octets.subarray(at, at + length));
    at += length;
    await new Promise(setImmediate);
  }
  if (random() < 0.5) socket.end();
  await new Promise((done) => setTimeout(done, 5));
  socket.destroy();
}

async function overTcp({ tcp }: StreamPorts, random: () => number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: tcp, noDelay: true });
  socket.on('error', () => {}).resume();
  await once(socket, 'connect', { signal: AbortSignal.timeout(GIVE_UP_MS) });
  await inFragments(socket, framesOf(random), random);
}

async function overTls({ tls }: StreamPorts, random: () => number): Promise<void> {
  const socket = connectTls({ ...TRUST, port: tls });
  socket.on('error', () => {}).resume();
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(GIVE_UP_MS) });
  await inFragments(socket, framesOf(random), random);
}

/** HTTP/1.1 as hand-made text: methods, paths, lengths and bodies, valid or not. */
async function overHttp1({ https }: StreamPorts, random: () => number): Promise<void> {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const message = pick(classes).make(random);
  const path = pick(['/dns-query', `/dns-query?dns=${message.toString('base64url')}`, '/dns-query?dns=%%%', '/']);
  const length = pick([message.length, 0, message.length + 10, 70_000, -1]);
  const head = `${pick(['POST', 'GET', 'PUT', 'X'])} ${path} HTTP/1.1\r\nhost: dns.test\r\ncontent-type: application/dns-message\r\n`;
  const octets = Buffer.concat([Buffer.from(`${head}content-length: ${length}\r\n\r\n`), message]);
  const socket = connectTls({ ...TRUST, port: https, ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => {}).resume();
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(GIVE_UP_MS) });
  await inFragments(socket, octets, random);
}

/** HTTP/2 by a client that keeps the rules, with bodies in pieces; some requests are canceled. */
async function overHttp2({ https }: StreamPorts, random: () => number): Promise<void> {
  const session = connectHttp2(`https://127.0.0.1:${https}`, { ca: CA_CERT, servername: 'dns.test' });
  session.on('error', () => {});
  await once(session, 'connect', { signal: AbortSignal.timeout(GIVE_UP_MS) });
  for (let i = Math.floor(random() * MAX_MESSAGES); i >= 0 && !session.destroyed; i--) {
    const message = classes[Math.floor(random() * classes.length)]!.make(random);
    const stream = session.request({
      ...{ ':method': 'POST', ':path': '/dns-query', 'content-type': 'application/dns-message' },
    });
    stream.on('error', () => {}).resume();
    const half = Math.floor(random() * message.length);
    stream.write(message.subarray(0, half));
    await new Promise(setImmediate);
    if (random() < 0.3) stream.close(8);
    else stream.end(message.subarray(half));
  }
  await new Promise((done) => setTimeout(done, 10));
  session.destroy();
}

const KINDS = [overTcp, overTls, overHttp1, overHttp2];
const AT_ONCE = 30;

/** Opens a number of connections of all kinds. A connection that the server refuses or ends counts, too. */
export async function sendStreams(ports: StreamPorts, count: number, random: () => number): Promise<void> {
  let left = count;
  const sender = async () => {
    while (left-- > 0) await KINDS[left % KINDS.length]!(ports, random).catch(() => {});
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
}
