import type { Clock, Timer } from '../../observe/clock.ts';
import { callError, isNothing } from '../native/kernel.ts';
import { BATCH } from '../native/message-memory.ts';
import type { Machinery } from '../native/serve-socket.ts';
import type { Peer } from '../transport.ts';
import { type Hold, systemError, timeoutError, type UpstreamError } from './error.ts';
import { answers, idOf } from './match.ts';
import { QUERIES_PER_PORT, type SourcePort, SourcePorts } from './source-ports.ts';
import { limitError, type UdpUpstream, type UdpUpstreamOptions } from './udp.ts';

/** Queries that came in the same turn of the event loop, and time out at the same moment. */
interface Flight {
  readonly timeoutMs: number;
  readonly timer: Timer;
  readonly pending: Pending[];
  /** How many are still without a response. */
  left: number;
}

/** A query that waits to be sent, and then for its response. */
interface Pending {
  /** Empty once the query is settled; its flight may still last for a while. */
  query: Uint8Array;
  readonly flight: Flight;
  /** The port that it was sent from; undefined before. */
  port: Port | undefined;
  id: number;
  /** Receives the response. Undefined once the query is settled. */
  take: ((response: Uint8Array) => void) | undefined;
  reject: ((error: unknown) => void) | undefined;
  hold: Hold | undefined;
}

type Port = SourcePort<Pending>;

const NOTHING = new Uint8Array();

/**
 * Sends queries to an upstream, many in each system call. A response must match both the id and the question of its query, which differ among the
 * queries of a port.
 */
export class BatchedUpstream implements UdpUpstream {
  private readonly machinery: Machinery;
  private readonly clock: Clock;
  private readonly onPick: ((reused: boolean) => void) | undefined;
  private readonly ports: SourcePorts<Pending>;
  /** The queries that are sent at the end of this turn. */
  private waiting: Pending[] = [];
  private flight: Flight | undefined;

  constructor(machinery: Machinery, to: Peer, options: UdpUpstreamOptions) {
    this.machinery = machinery;
    this.clock = options.clock;
    this.onPick = options.onPick;
    this.ports = new SourcePorts<Pending>(machinery, to, options, {
      readable: (port) => this.read(port),
      abandoned: (port) => this.failAll(port, limitError(to, this.ports.sockets)),
    });
  }

  exchange<T>(query: Uint8Array, timeoutMs: number, read: (response: Uint8Array) => T, hold?: Hold): Promise<T> {
    return new Promise((resolve, reject) => {
      const take = (response: Uint8Array) => {
        try {
          resolve(read(response));
        } catch (thrown) {
          reject(thrown);
        }
      };
      const flight = this.flightFor(timeoutMs);
      const pending: Pending = { query, flight, port: undefined, id: 0, take, reject, hold };
      if (hold) hold.cancel = (error) => this.fail(pending, error);
      flight.left++;
      flight.pending.push(pending);
      // All queries of this turn are sent together at its end.
      if (this.waiting.push(pending) === 1) process.nextTick(() => this.send());
    });
  }

  close(): void {
    this.ports.close();
  }

  /** The flight of a query that comes now. */
  private flightFor(timeoutMs: number): Flight {
    if (this.flight?.timeoutMs === timeoutMs) return this.flight;
    const timer = this.clock.after(timeoutMs, () => this.giveUp(begun));
    const begun: Flight = { timeoutMs, timer, pending: [], left: 0 };
    this.flight = begun;
    return begun;
  }

  /** Sends the waiting queries. */
  private send(): void {
    this.flight = undefined;
    const all = this.waiting.filter(({ take }) => take);
    this.waiting = [];
    for (let first = 0; first < all.length; ) {
      try {
        const port = this.ports.take();
        first += this.sendFrom(port, all.slice(first, first + port.room));
      } catch (thrown) {
        for (const pending of all.slice(first)) this.fail(pending, thrown as UpstreamError);
        return;
      }
    }
  }

  /** Sends a batch and returns how many of its queries are done. The others leave from another port. */
  private sendFrom(port: Port, batch: readonly Pending[]): number {
    const { kernel, memory } = this.machinery;
    this.assign(port, batch);
    let done = 0;
    while (done < batch.length) {
      const sent = kernel.send(port.fd, memory.outboundAddressOf(done), batch.length - done);
      if (sent > 0) {
        for (let i = done; i < done + sent; i++) {
          this.onPick?.(port.room-- < QUERIES_PER_PORT);
          const { hold, id } = batch[i]!;
          hold?.onSent?.(id, this.ports.addressOf(port));
        }
        done += sent;
        continue;
      }
      const error = callError(kernel, 'write');
      if (error.code === 'EINTR') continue;
      if (error.code === 'EAGAIN' && port.room < QUERIES_PER_PORT) {
        this.ports.retire();
        break;
      }
      // The error is of this query, which is too long, or of an earlier one: then the reader gets it, too.
      this.fail(batch[done++]!, systemError(this.ports.pathOf(port), 'write', error));
    }
    for (const { id } of batch.slice(done)) this.ports.leave(port, id);
    return done;
  }

  /** Gives each query an id, and writes it into the memory that the kernel reads. */
  private assign(port: Port, batch: readonly Pending[]): void {
    for (const [slot, pending] of batch.entries()) {
      pending.port = port;
      pending.id = port.freeId();
      port.pending.set(pending.id, pending);
      this.machinery.memory.query(slot, pending.query, pending.id);
    }
  }

  /** Reads the responses that are there. Messages that answer no query in flight are ignored. */
  private read(port: Port): void {
    const { kernel, memory } = this.machinery;
    const count = kernel.receive(port.fd, memory.inboundAddress, BATCH);
    if (count < 0) {
      const error = callError(kernel, 'read');
      // The error comes from an ICMP message (RFC 1122 §4.1.3.3), and concerns all queries of this port.
      if (!isNothing(error.code!)) this.failAll(port, systemError(this.ports.pathOf(port), 'read', error));
      return;
    }
    for (let slot = 0; slot < count; slot++) {
      const response = memory.payload(slot);
      const pending = port.pending.get(idOf(response));
      if (!pending || !answers(response, pending.query, pending.id)) continue;
      pending.take!(response);
      this.finish(pending);
    }
    memory.vacate(count);
  }

  private finish(pending: Pending): void {
    const { port, hold, flight } = pending;
    pending.take = undefined;
    pending.reject = undefined;
    pending.query = NOTHING;
    if (hold) hold.cancel = undefined;
    pending.hold = undefined;
    if (--flight.left === 0) flight.timer.cancel();
    if (port) this.ports.leave(port, pending.id);
  }

  private fail(pending: Pending, error: UpstreamError): void {
    const { reject } = pending;
    this.finish(pending);
    reject?.(error);
  }

  private failAll(port: Port, error: UpstreamError): void {
    for (const pending of [...port.pending.values()]) this.fail(pending, error);
  }

  private giveUp({ pending }: Flight): void {
    let port: Port | undefined;
    let error: UpstreamError | undefined;
    for (const one of pending) {
      if (!one.take) continue;
      // Neighbouring queries of one port share an error, as making an error with its stack costs more than a query.
      if (!error || one.port !== port) error = timeoutError(this.ports.pathOf(one.port));
      port = one.port;
      this.fail(one, error);
    }
  }
}
