import { openTcp, TCP_LIMITS, type TcpListener } from '../net/tcp.ts';
import type { Receiver } from '../net/transport.ts';
import { openUdp, type UdpListener } from '../net/udp.ts';
import type { Clock } from '../observe/clock.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Protocol } from '../plugin/query.ts';
import type { ListenPoint } from './listen-point.ts';
import type { Responder } from './responder.ts';
import { exposeTransports } from './transport-metrics.ts';

/** A free port must be free over both protocols: how often the system may pick again. */
const PORT_ATTEMPTS = 16;

/** Who answers; a reload sets another one. */
interface Seat {
  responder: Responder;
}

interface OpenPoint {
  readonly server: string;
  readonly seat: Seat;
  readonly tcp: TcpListener;
  readonly udp: UdpListener;
}

/** The listening sockets of the process: they stay open while the chains behind them change. */
export class Sockets {
  readonly tcpIdleMs = TCP_LIMITS.idleMs;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly points = new Map<string, OpenPoint>();

  constructor(clock: Clock, log: Logger, metrics: Metrics) {
    this.clock = clock;
    this.log = log;
    exposeTransports(metrics, () => this.points.values());
  }

  /** Opens the points that are not open yet; the others are left as they are. @throws CairnError when one cannot be opened. */
  async open(points: readonly ListenPoint[]): Promise<void> {
    for (const point of points) {
      if (!this.points.has(point.server)) this.points.set(point.server, await this.openPoint(point));
    }
  }

  /** From now on the points' own responders answer. */
  handOver(points: readonly ListenPoint[]): void {
    for (const { server, responder } of points) {
      const open = this.points.get(server);
      if (open) open.seat.responder = responder;
    }
  }

  /** Closes all other points, once their queries in flight are answered, within `graceMs`. */
  async retain(points: readonly ListenPoint[], graceMs: number): Promise<void> {
    const kept = new Set(points.map((point) => point.server));
    const over = [...this.points.values()].filter(({ server }) => !kept.has(server));
    for (const { server } of over) this.points.delete(server);
    await Promise.all(over.flatMap(({ tcp, udp }) => [tcp.close(graceMs), udp.close(graceMs)]));
  }

  /** Closes all. */
  close(graceMs: number): Promise<void> {
    return this.retain([], graceMs);
  }

  /** The real port of a point, which differs from the configured one if that is 0. */
  portOf(point: ListenPoint): number {
    return this.points.get(point.server)?.tcp.port ?? point.port;
  }

  private async openPoint(point: ListenPoint): Promise<OpenPoint> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.tryOpenPoint(point);
      } catch (error) {
        if (point.port !== 0 || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  private async tryOpenPoint({ address, port, server, responder }: ListenPoint): Promise<OpenPoint> {
    const { clock, log } = this;
    const seat: Seat = { responder };
    const tcp = await openTcp({ address, port, clock }, this.receiver('tcp', seat));
    try {
      const udp = await openUdp({ address, port: tcp.port, clock, log }, this.receiver('udp', seat));
      return { server, seat, tcp, udp };
    } catch (error) {
      await tcp.close(0);
      throw error;
    }
  }

  private receiver(protocol: Protocol, seat: Seat): Receiver {
    const { clock } = this;
    return (incoming) => {
      const { bytes, client, local } = incoming;
      const arrival = { protocol, client, local, octets: bytes.length, receivedMs: clock.monotonic() };
      const reply = seat.responder.answer(bytes, arrival);
      if (!(reply instanceof Promise)) return reply;
      reply.then(incoming.defer());
      return undefined;
    };
  }
}
