/** Attacks on the HTTP pages: clients that request more than they read, scrapers, and silent connections. */
import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type Attack, type Scene, sleep } from './attack.ts';

/** Keeps connections open: each one that the server closes is opened again. Returns a function that ends it. */
function keepOpen(
  port: number,
  count: number,
  opened: (socket: Socket) => void,
): { stop(): void; readonly closed: number } {
  const sockets = new Set<Socket>();
  let isOver = false;
  let closed = 0;
  const open = () => {
    const socket = connect(port, '127.0.0.1', () => opened(socket));
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      closed++;
      // Not at once, so that the attacker does not use its whole core for it.
      if (!isOver) setTimeout(() => !isOver && open(), 20);
    });
  };
  for (let i = 0; i < count; i++) open();
  return {
    stop() {
      isOver = true;
      for (const socket of sockets) socket.destroy();
    },
    get closed() {
      return closed;
    },
  };
}

const REQUEST = 'GET /metrics HTTP/1.1\r\nHost: attacked\r\n\r\n';
const PIPELINE = Buffer.from(REQUEST.repeat(Math.floor(65_536 / REQUEST.length)));

async function pipeline({ target, seconds }: Scene, connections: number) {
  const open = keepOpen(target.metricsPort, connections, (socket) => {
    socket.pause();
    socket.write(PIPELINE);
  });
  await sleep(seconds * 1000);
  open.stop();
  return { note: `${open.closed} connections closed by the server` };
}

async function scrape({ target, seconds }: Scene, scrapers: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: scrapers });
  const until = performance.now() + seconds * 1000;
  let scraped = 0;
  let failed = 0;
  const once = () =>
    new Promise<void>((done) => {
      const request = get({ port: target.metricsPort, host: '127.0.0.1', path: '/metrics', agent }, (response) => {
        response.resume().on('close', () => {
          scraped++;
          done();
        });
      });
      request.setTimeout(5000, () => request.destroy());
      request.on('error', () => {
        failed++;
        setTimeout(done, 20);
      });
    });
  const scraper = async () => {
    while (performance.now() < until) await once();
  };
  await Promise.all(Array.from({ length: scrapers }, scraper));
  agent.destroy();
  return { note: `${Math.round(scraped / seconds)} scrapes/s, ${failed} failed` };
}

const IDLE = 400;

async function idle({ target, seconds }: Scene) {
  const open = [target.healthPort, target.readyPort].map((port) => keepOpen(port, IDLE, () => {}));
  await sleep(seconds * 1000);
  for (const each of open) each.stop();
  return { note: `${open[0]!.closed} and ${open[1]!.closed} connections closed by the server` };
}

export const pages: readonly Attack[] = [
  {
    id: 'pages-4',
    title: '4 connections with 64 KiB of pipelined GET /metrics each, nothing read',
    run: (scene) => pipeline(scene, 4),
  },
  {
    id: 'pages-40',
    title: '40 connections with 64 KiB of pipelined GET /metrics each, nothing read',
    run: (scene) => pipeline(scene, 40),
  },
  {
    id: 'pages-scrapers',
    title: '50 scrapers of /metrics, each with one request after the other',
    run: (scene) => scrape(scene, 50),
  },
  {
    id: 'pages-idle',
    title: '400 connections to each of /health and /ready that say nothing, a prober beside them',
    asks: { pages: ['health', 'ready'] },
    run: idle,
  },
];
