/** Attacks with responses: large ones that are expensive, and ones that no client reads. */
import { connect, type Socket } from 'node:net';
import { paced } from '../pace.ts';
import { type Attack, type Scene, sleep } from './attack.ts';
import { framed, query, TYPES } from './message.ts';
import { SERVICES, ZONES } from './names.ts';

const CONNECTIONS = 10;

/** Asks over TCP at a rate, and reads all responses. */
async function askLarge({ target, seconds }: Scene, perSecond: number, next: (count: number) => Buffer) {
  let octets = 0;
  let lost = 0;
  const sockets: (Socket | undefined)[] = [];
  const socketAt = (i: number): Socket => {
    const known = sockets[i];
    if (known !== undefined && !known.destroyed) return known;
    const socket = connect(target.port, '127.0.0.1');
    socket.on('data', (chunk) => {
      octets += chunk.length;
    });
    socket.on('error', () => lost++);
    sockets[i] = socket;
    return socket;
  };
  let count = 0;
  const stop = paced(perSecond, () => socketAt(count % CONNECTIONS).write(framed(next(count++))), 1000);
  await sleep(seconds * 1000);
  stop();
  for (const socket of sockets) socket?.destroy();
  return {
    note: `${count} asked, ${(octets / count / 1024).toFixed(1)} KiB of reply for each, ${lost} connections lost`,
  };
}

function large(type: keyof typeof TYPES, perSecond: number, long = false): Attack {
  return {
    id: `large-${type.toLowerCase()}-${perSecond}`,
    title: `${perSecond}/s forwarded ${type} replies of 58 KB with thousands of different long names`,
    asks: { outside: { zone: ZONES.plain, names: 'fresh' } },
    long,
    run: (scene) => askLarge(scene, perSecond, (i) => query(i, `l-${i}.${ZONES.big}`, TYPES[type])),
  };
}

/** The name with the letter case given by the bits of a number. */
function mixedCase(name: string, seed: number): string {
  return [...name].map((letter, i) => ((seed >> (i % 20)) & 1 ? letter.toUpperCase() : letter)).join('');
}

const UNREAD_QUERIES = 120;

async function askUnread({ target, seconds }: Scene, connections: number) {
  const burst = Buffer.concat(
    Array.from({ length: UNREAD_QUERIES }, (_, i) => framed(query(i, SERVICES.wide, TYPES.A))),
  );
  const sockets: Socket[] = [];
  let closed = 0;
  const perSecond = connections / Math.max(1, seconds * 0.6);
  const stop = paced(perSecond, () => {
    if (sockets.length === connections) return;
    const socket = connect(target.port, '127.0.0.1', () => socket.write(burst));
    socket.pause();
    socket.on('error', () => {});
    socket.on('close', () => closed++);
    sockets.push(socket);
  });
  await sleep(seconds * 1000);
  stop();
  for (const socket of sockets) socket.destroy();
  return { note: `${sockets.length} connections, ${closed} closed by the server` };
}

export const replies: readonly Attack[] = [
  large('A', 20),
  large('A', 50, true),
  large('NS', 20),
  large('MX', 20, true),
  large('TXT', 20, true),
  {
    id: 'large-srv-cluster',
    title: '20/s SRV of a headless service with 20,000 endpoints, each in another case of letters',
    setup: { bigService: true },
    run: (scene) => askLarge(scene, 20, (i) => query(i, mixedCase(SERVICES.big, i * 7919), TYPES.SRV)),
  },
  {
    id: 'unread-4000',
    title: '4,000 TCP connections × 120 queries whose 3.2 KB replies are not read',
    run: (scene) => askUnread(scene, 4000),
  },
  {
    id: 'unread-6000',
    title: '6,000 TCP connections × 120 queries whose 3.2 KB replies are not read',
    long: true,
    run: (scene) => askUnread(scene, 6000),
  },
];
