import { createSocket } from 'node:dgram';
import { paced } from '../pace.ts';
import { sleep } from './attack.ts';

const SOCKETS = 20;
/** An attacker that is this late sends less, rather than everything at once. */
const MAX_LATE_MS = 100;

/** Sends datagrams at a rate from several ports. Returns how many were sent and how many responses came. */
export async function flood(
  port: number,
  perSecond: number,
  seconds: number,
  next: (count: number) => Buffer,
): Promise<{ sent: number; replies: number; rcodes: ReadonlyMap<number, number> }> {
  let sent = 0;
  let replies = 0;
  const rcodes = new Map<number, number>();
  const sockets = Array.from({ length: SOCKETS }, () => {
    const socket = createSocket('udp4');
    socket.on('error', () => {});
    socket.on('message', (reply) => {
      replies++;
      const rcode = reply[3]! & 15;
      rcodes.set(rcode, (rcodes.get(rcode) ?? 0) + 1);
    });
    return socket;
  });
  const send = () => sockets[sent % SOCKETS]!.send(next(sent++), port, '127.0.0.1');
  const stop = paced(perSecond, send, MAX_LATE_MS);
  await sleep(seconds * 1000);
  stop();
  await sleep(200);
  for (const socket of sockets) socket.close();
  return { sent, replies, rcodes };
}
