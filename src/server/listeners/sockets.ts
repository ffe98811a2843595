import type { Transport } from '../../corefile/key.ts';
import { allAddresses } from '../../net/addresses.ts';
import { type HttpsListener, openHttps } from '../../net/https/https.ts';
import { type ListenAddress, overlaps } from '../../net/shared-sockets.ts';
import type { StreamListener } from '../../net/stream/stream-listener.ts';
import { openTcp } from '../../net/stream/tcp.ts';
import type { Receiver, SendResponse, UdpKind } from '../../net/transport.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { Protocol } from '../../plugin/query.ts';
import type { Answer } from '../answer/stream.ts';
import { type MemoSize, openUdpService, type UdpService } from '../threads/udp-service.ts';
import type { Listener } from './listener.ts';
import { bindingOf, type ListenerBinding, mainListener, responderAt } from './listener-binding.ts';

/** A free port must be free over both protocols: how often the system may pick again. */
const PORT_ATTEMPTS = 16;

const UDP_KINDS: Record<UdpKind, string> = {
  batched: 'batched: many datagrams per system call',
  portable: 'portable: one datagram per system call',
};

/** Sockets that are open, for one listener or for several that share them. */
export interface OpenSockets {
  readonly name: string;
  readonly address: ListenAddress;
  readonly binding: ListenerBinding;
  /** TCP, TLS or HTTPS. */
  readonly streams: StreamListener | HttpsListener;
  /** Undefined where the transport has none. */
  readonly udp: UdpService | undefined;
}

/** Where the server listens, as its start shows it. */
export interface ListeningAddress {
  readonly transport: Transport;
  /** Undefined for every address of the machine. */
  readonly address: string | undefined;
  /** The real port, where the Corefile lets the system choose. */
  readonly port: number;
  readonly zones: readonly string[];
}

/** The listening sockets of the process: they stay open while the chains behind them change. */
export class Sockets {
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly reusePort: boolean;
  private readonly openSockets = new Map<string, OpenSockets>();
  private udpKind: UdpKind | undefined;

  /** @param reusePort whether other processes may have the same ports, too */
  constructor(clock: Clock, log: Logger, reusePort: boolean) {
    this.clock = clock;
    this.log = log;
    this.reusePort = reusePort;
  }

  /**
   * Opens the sockets that are not open yet, and lets as many threads serve them as they want; else the open ones are
   * left as they are.
   *
   * @throws CairnError when one cannot be opened.
   */
  async open(listeners: readonly Listener[]): Promise<void> {
    const wanted = bySockets(listeners);
    for (const [name, sharing] of wanted) {
      if (!this.openSockets.has(name)) {
        await this.makeRoom(sharing[0]!, wanted);
        const open = await this.openFor(sharing);
        this.openSockets.set(name, open);
        if (open.udp) this.tellKind(open.udp.kind);
      }
      await this.openSockets.get(name)!.udp?.resize(sharing[0]!.threads);
    }
  }

  /** Makes the sockets of these listeners the ones that are open, after {@link open} failed for others. @throws CairnError as open does. */
  async restore(listeners: readonly Listener[]): Promise<void> {
    await this.retain(listeners, 0);
    await this.open(listeners);
  }

  /** One address and all addresses cannot both have a port: where one takes the other's place, that one must go first. */
  private async makeRoom({ port, sockets }: Listener, staying: ReadonlyMap<string, unknown>): Promise<void> {
    const inTheWay = [...this.openSockets.values()].filter(({ name, address, streams }) => {
      return port !== 0 && streams.port === port && !staying.has(name) && overlaps(address, sockets.address);
    });
    await this.closeThese(inTheWay, 0);
  }

  /** From now on the responders of these listeners answer; settles when all threads have reported what they did for others. */
  async handOver(listeners: readonly Listener[]): Promise<void> {
    const handedOver = [...bySockets(listeners)].map(([name, sharing]) => {
      const open = this.openSockets.get(name);
      if (!open) return undefined;
      Object.assign(open.binding, bindingOf(sharing));
      open.streams.limit(sharing[0]!.limits);
      return open.udp?.handOver();
    });
    await Promise.all(handedOver);
  }

  /** Closes the sockets that serve none of these listeners, once their queries in flight are answered, within `graceMs`. */
  async retain(listeners: readonly Listener[], graceMs: number): Promise<void> {
    const kept = bySockets(listeners);
    await this.closeThese(
      [...this.openSockets.values()].filter(({ name }) => !kept.has(name)),
      graceMs,
    );
  }

  private async closeThese(sockets: readonly OpenSockets[], graceMs: number): Promise<void> {
    for (const { name } of sockets) this.openSockets.delete(name);
    await Promise.all(sockets.flatMap(({ streams, udp }) => [streams.close(graceMs), udp?.close(graceMs)]));
  }

  /** The sockets that are open now. */
  get all(): Iterable<OpenSockets> {
    return this.openSockets.values();
  }

  close(graceMs: number): Promise<void> {
    return this.retain([], graceMs);
  }

  /** The real port of a listener, which differs from the configured one if that is 0. */
  portOf(listener: Listener): number {
    return this.of(listener)?.streams.port ?? listener.port;
  }

  /** The sockets that serve a listener. */
  of(listener: Listener): OpenSockets | undefined {
    return this.openSockets.get(listener.sockets.name);
  }

  /** Where these listeners listen now. */
  addressesOf(listeners: readonly Listener[]): readonly ListeningAddress[] {
    return listeners.map((listener) => {
      const { transport, address, zones } = listener;
      return { transport, address, port: this.portOf(listener), zones: [...zones.keys()] };
    });
  }

  /** What threads beside the main one keep for a listener. */
  workerMemo(listener: Listener): MemoSize {
    const open = this.of(listener);
    const guest = open?.binding.responder === listener.responder ? undefined : listener.address;
    return open?.udp?.memoOf(guest) ?? { entries: 0, octets: 0 };
  }

  /** Says once how UDP is done here: it decides how much the server can take. */
  private tellKind(kind: UdpKind): void {
    if (this.udpKind === undefined) this.log.info(`UDP is ${UDP_KINDS[kind]}`);
    this.udpKind = kind;
  }

  private async openFor(sharing: readonly Listener[]): Promise<OpenSockets> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.tryOpen(mainListener(sharing), bindingOf(sharing));
      } catch (error) {
        if (sharing[0]!.port !== 0 || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  private async tryOpen(listener: Listener, binding: ListenerBinding): Promise<OpenSockets> {
    const { clock, log, reusePort } = this;
    const { transport, server, port, limits } = listener;
    const { name, address } = listener.sockets;
    const clear = { address, port, reusePort, clock, limits };
    const secure = { ...clear, tls: () => binding.credentials?.() };
    if (transport === 'https') {
      if (!binding.credentials)
        log.info(`${server} has no 'tls': it is HTTP in the clear, for a proxy that has the certificate`);
      const streams = await openHttps(secure, this.receiver('tcp', binding));
      return { name, address, binding, streams, udp: undefined };
    }
    const streams = await openTcp(transport === 'tls' ? secure : clear, this.receiver('tcp', binding));
    if (transport === 'tls') return { name, address, binding, streams, udp: undefined };
    // An address that another block names gets a socket of its own, so that it is known which one was asked.
    const addresses = () => [...new Set([...binding.byAddress.keys(), ...allAddresses()])];
    try {
      const receive = this.receiver('udp', binding);
      const udp = await openUdpService({
        server,
        address,
        port: streams.port,
        reusePort,
        clock,
        log,
        addresses,
        binding,
        receive,
      });
      return { name, address, binding, streams, udp };
    } catch (error) {
      await streams.close(0);
      throw error;
    }
  }

  private receiver(protocol: Protocol, binding: ListenerBinding): Receiver {
    const { clock } = this;
    return (incoming) => {
      const { bytes, client, local } = incoming;
      const arrival = { protocol, client, local, octets: bytes.length, receivedMs: clock.monotonic() };
      const answer = responderAt(binding, local.address).answer(bytes, arrival);
      if (answer === undefined || answer instanceof Buffer) return answer;
      const send = incoming.defer();
      if (answer instanceof Promise) answer.then((late) => sendAnswer(send, late));
      else sendAnswer(send, answer);
      return undefined;
    };
  }
}

/** Sends a reply of whatever kind. */
export function sendAnswer(send: SendResponse, answer: Answer): void {
  if (answer && 'next' in answer) send(undefined, answer);
  else send(answer);
}

/** The listeners by the sockets that they share, which have a name. */
function bySockets(listeners: readonly Listener[]): ReadonlyMap<string, readonly Listener[]> {
  return Map.groupBy(listeners, ({ sockets }) => sockets.name);
}
