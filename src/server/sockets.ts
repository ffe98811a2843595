import { allAddresses } from '../net/addresses.ts';
import { type HttpsListener, openHttps } from '../net/https.ts';
import type { StreamListener } from '../net/stream-listener.ts';
import { openTcp } from '../net/tcp.ts';
import type { Receiver, SendReply, UdpKind } from '../net/transport.ts';
import type { Clock } from '../observe/clock.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Protocol } from '../plugin/query.ts';
import { hasSockets, type ListenPoint } from './listen-point.ts';
import type { Answer } from './responder.ts';
import { type Seat, seatOf } from './seat.ts';
import { exposeTransports } from './transport-metrics.ts';
import { type MemoSize, openUdpService, type UdpService } from './udp-service.ts';

/** A free port must be free over both protocols: how often the system may pick again. */
const PORT_ATTEMPTS = 16;

const UDP_KINDS: Record<UdpKind, string> = {
  batched: 'batched: many datagrams per system call',
  portable: 'portable: one datagram per system call',
};

/** A point with its sockets. */
export interface OpenPoint {
  readonly server: string;
  readonly address: string | undefined;
  readonly seat: Seat;
  /** TCP, TLS or HTTPS. */
  readonly streams: StreamListener | HttpsListener;
  /** Undefined where the transport has none. */
  readonly udp: UdpService | undefined;
}

/** The listening sockets of the process: they stay open while the chains behind them change. */
export class Sockets {
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly reusePort: boolean;
  private readonly points = new Map<string, OpenPoint>();
  private udpKind: UdpKind | undefined;

  /** @param reusePort whether other processes may have the same ports, too */
  constructor(clock: Clock, log: Logger, metrics: Metrics, reusePort: boolean) {
    this.clock = clock;
    this.log = log;
    this.reusePort = reusePort;
    exposeTransports(metrics, () => this.points.values());
  }

  /**
   * Opens the points that are not open yet, and lets as many threads serve each as it wants; else the open ones are left
   * as they are.
   *
   * @throws CairnError when one cannot be opened.
   */
  async open(points: readonly ListenPoint[]): Promise<void> {
    for (const point of points.filter(hasSockets)) {
      if (!this.points.has(point.server)) {
        await this.makeRoom(point, points);
        const open = await this.openPoint(point, points);
        this.points.set(point.server, open);
        if (open.udp) this.tellKind(open.udp.kind);
      }
      await this.points.get(point.server)!.udp?.resize(point.threads);
    }
  }

  /** Makes these points the ones that are open, after {@link open} failed for others. @throws CairnError as open does. */
  async restore(points: readonly ListenPoint[]): Promise<void> {
    await this.retain(points, 0);
    await this.open(points);
  }

  /** One address and all addresses cannot both have a port: where one takes the other's place, that one must go first. */
  private async makeRoom({ port, address }: ListenPoint, points: readonly ListenPoint[]): Promise<void> {
    const staying = serversOf(points);
    const inTheWay = [...this.points.values()].filter(
      (open) => port !== 0 && open.streams.port === port && !staying.has(open.server) && !(open.address && address),
    );
    await this.closePoints(inTheWay, 0);
  }

  /** From now on the points' own responders answer; settles when all threads have reported what they did for others. */
  async handOver(points: readonly ListenPoint[]): Promise<void> {
    const handedOver = points.map((point) => {
      const open = this.points.get(point.server);
      if (!open) return undefined;
      Object.assign(open.seat, seatOf(point, points));
      open.streams.limit(point.limits);
      return open.udp?.handOver();
    });
    await Promise.all(handedOver);
  }

  /** Closes all other points, once their queries in flight are answered, within `graceMs`. */
  async retain(points: readonly ListenPoint[], graceMs: number): Promise<void> {
    const kept = serversOf(points);
    await this.closePoints(
      [...this.points.values()].filter(({ server }) => !kept.has(server)),
      graceMs,
    );
  }

  private async closePoints(points: readonly OpenPoint[], graceMs: number): Promise<void> {
    for (const { server } of points) this.points.delete(server);
    await Promise.all(points.flatMap(({ streams, udp }) => [streams.close(graceMs), udp?.close(graceMs)]));
  }

  /** Closes all. */
  close(graceMs: number): Promise<void> {
    return this.retain([], graceMs);
  }

  /** The real port of a point, which differs from the configured one if that is 0. */
  portOf(point: ListenPoint): number {
    return this.points.get(point.host)?.streams.port ?? point.port;
  }

  /** What threads beside the main one keep for a point. */
  workerMemo({ host, server, address }: ListenPoint): MemoSize {
    return this.points.get(host)?.udp?.memoOf(host === server ? undefined : address) ?? { entries: 0, octets: 0 };
  }

  /** Says once how UDP is done here: it decides how much the server can take. */
  private tellKind(kind: UdpKind): void {
    if (this.udpKind === undefined) this.log.info(`UDP is ${UDP_KINDS[kind]}`);
    this.udpKind = kind;
  }

  private async openPoint(point: ListenPoint, points: readonly ListenPoint[]): Promise<OpenPoint> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.tryOpenPoint(point, seatOf(point, points));
      } catch (error) {
        if (point.port !== 0 || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  private async tryOpenPoint(point: ListenPoint, seat: Seat): Promise<OpenPoint> {
    const { clock, log, reusePort } = this;
    const { transport, server, address, port, limits } = point;
    const streamOptions = { address, port, reusePort, clock, limits, tls: () => seat.credentials?.() };
    if (transport === 'https') {
      if (!seat.credentials)
        log.info(`${server} has no 'tls': it is HTTP in the clear, for a proxy that has the certificate`);
      const streams = await openHttps(streamOptions, this.receiver('tcp', seat));
      return { server, address, seat, streams, udp: undefined };
    }
    const streams = await openTcp(streamOptions, this.receiver('tcp', seat));
    if (transport === 'tls') return { server, address, seat, streams, udp: undefined };
    // An address that another block names gets a socket of its own, so that it is known which one was asked.
    const addresses = () => [...new Set([...seat.byAddress.keys(), ...allAddresses()])];
    try {
      const receive = this.receiver('udp', seat);
      const udp = await openUdpService({
        server,
        address,
        port: streams.port,
        reusePort,
        clock,
        log,
        addresses,
        seat,
        receive,
      });
      return { server, address, seat, streams, udp };
    } catch (error) {
      await streams.close(0);
      throw error;
    }
  }

  private receiver(protocol: Protocol, seat: Seat): Receiver {
    const { clock } = this;
    return (incoming) => {
      const { bytes, client, local } = incoming;
      const arrival = { protocol, client, local, octets: bytes.length, receivedMs: clock.monotonic() };
      const responder = seat.byAddress.get(local.address) ?? seat.responder;
      const answer = responder.answer(bytes, arrival);
      if (answer === undefined || answer instanceof Buffer) return answer;
      const send = incoming.defer();
      if (answer instanceof Promise) answer.then((late) => sendAnswer(send, late));
      else sendAnswer(send, answer);
      return undefined;
    };
  }
}

/** Sends a reply of whatever kind. */
export function sendAnswer(send: SendReply, answer: Answer): void {
  if (answer && 'next' in answer) send(undefined, answer);
  else send(answer);
}

/** The points among these that have sockets of their own, by name. */
function serversOf(points: readonly ListenPoint[]): ReadonlySet<string> {
  return new Set(points.filter(hasSockets).map(({ server }) => server));
}
