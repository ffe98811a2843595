/*
 * UDP of a listener, with worker threads or without. Begin here; worker-pool.ts and worker-link.ts are the main thread's side, worker.ts
 * is a thread, and messages.ts is what they say to each other. A worker never runs a plugin.
 */

import { Epoch } from '../../base/epoch.ts';
import { type BatchedListener, drain, listenOn, loadMachinery } from '../../net/native/batched-udp.ts';
import type { Machinery } from '../../net/native/serve-socket.ts';
import { type BoundSocket, openBeside } from '../../net/native/socket.ts';
import { CLOSE_GRACE_MS, type Receiver, type UdpKind, type UdpListener } from '../../net/transport.ts';
import { openUdp } from '../../net/udp/udp.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { ListenerBinding } from '../listeners/listener-binding.ts';
import { addStats, NO_STATS, type WorkerStats } from './messages.ts';
import { type Readers, WorkerPool } from './worker-pool.ts';

/** The options for serving a listener's UDP. */
interface UdpServiceOptions {
  readonly server: string;
  readonly address: string | undefined;
  readonly port: number;
  /** Whether other processes may have the port, too. */
  readonly reusePort?: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly addresses: () => readonly string[];
  readonly binding: ListenerBinding;
  /** Answers in the main thread. */
  readonly receive: Receiver;
}

/** The size of a memo. */
export interface MemoSize {
  readonly entries: number;
  readonly octets: number;
}

/** UDP of one listener, served by the main thread, or by workers that pass unknown queries to it. */
export interface UdpService {
  readonly kind: UdpKind;
  readonly port: number;
  readonly stats: Readonly<WorkerStats>;
  /** The number of worker threads. */
  readonly workers: number;
  /** Workers that died and were replaced. */
  readonly deaths: number;
  /** The size of the workers' memos for a guest of the sockets, or for all other addresses. */
  memoOf(guest: string | undefined): MemoSize;
  /**
   * Changes the number of threads without losing queries; 1 means the main thread alone.
   *
   * @throws Error (as a rejection) if that fails; then nothing has changed.
   */
  resize(threads: number): Promise<void>;
  /** Called after the binding got other responders. Settles when no report for the former ones is left. */
  handOver(): Promise<void>;
  close(graceMs?: number): Promise<void>;
}

/** Opens UDP, served by the main thread. @throws CairnError when the address is in use or cannot be bound. */
export async function openUdpService(options: UdpServiceOptions): Promise<UdpService> {
  const { address, port, reusePort, clock, log, addresses, receive } = options;
  const listener = await openUdp({ address, port, reusePort, clock, log, addresses }, receive);
  if (listener.kind === 'portable') return portableService(listener, log);
  return new BatchedService(options, listener, (await loadMachinery())!);
}

/** The portable kind, which only one thread can serve. */
function portableService({ kind, port, stats, close }: UdpListener, log: Logger): UdpService {
  let isTold = false;
  return {
    ...{ kind, port, close, workers: 0, deaths: 0 },
    get stats() {
      return { ...NO_STATS, ...stats };
    },
    memoOf: () => ({ entries: 0, octets: 0 }),
    async resize(threads) {
      if (threads > 1 && !isTold) {
        log.warning(`UDP on port ${port} is served by one thread, not ${threads}: only batched UDP can share a port`);
      }
      isTold = threads > 1;
    },
    handOver: async () => {},
  };
}

/** Batched UDP, whose sockets any thread can read. */
export class BatchedService implements UdpService {
  readonly kind = 'batched';
  readonly port: number;
  private readonly options: UdpServiceOptions;
  private readonly machinery: Machinery;
  /**
   * The sockets belong to the service, not to the thread that reads them, and stay open as long as the service. So no query in their buffers is lost.
   */
  private readonly sockets: BoundSocket[];
  private readers: Readers;
  /** Readers that no longer read, but may still have responses to send. */
  private leaving: Readers | undefined;
  /** Moves when the binding gets other responders. */
  private readonly chains = new Epoch();
  /** The counts of readers that have ended. */
  private past: WorkerStats = NO_STATS;
  private pastDeaths = 0;
  private closing: Promise<void> | undefined;

  constructor(options: UdpServiceOptions, listener: BatchedListener, machinery: Machinery) {
    this.options = options;
    this.machinery = machinery;
    this.port = listener.port;
    this.sockets = [listener.socket];
    this.readers = mainThread([listener]);
  }

  get workers(): number {
    return this.readers.workers;
  }

  get stats(): WorkerStats {
    return addStats([this.past, this.readers.stats, this.leaving?.stats ?? NO_STATS]);
  }

  get deaths(): number {
    return this.pastDeaths + this.readers.deaths + (this.leaving?.deaths ?? 0);
  }

  memoOf(guest: string | undefined): MemoSize {
    const memos = this.readers.memos.filter((memo) => memo.guest === guest);
    const sum = (of: keyof MemoSize) => memos.reduce((total, memo) => total + memo[of], 0);
    return { entries: sum('entries'), octets: sum('octets') };
  }

  async resize(threads: number): Promise<void> {
    const workers = threads > 1 ? threads : 0;
    if (workers === this.workers) return;
    if (workers === 0) return this.shrinkToOne();
    const pool = await WorkerPool.start(workers, {
      ...this.options,
      port: this.port,
      chains: this.chains,
      machinery: this.machinery,
    });
    try {
      this.openSockets(workers);
    } catch (error) {
      await pool.close(0);
      throw error;
    }
    const left = this.replaceReaders(pool);
    pool.serve(this.sockets, left);
    await left;
  }

  handOver(): Promise<void> {
    this.chains.move();
    return this.readers.handOver();
  }

  close(graceMs: number = CLOSE_GRACE_MS): Promise<void> {
    this.closing ??= this.leave(graceMs);
    return this.closing;
  }

  private async leave(graceMs: number): Promise<void> {
    const { kernel } = this.machinery;
    await drain(kernel, this.sockets, this.options.clock, graceMs);
    await this.readers.close(graceMs);
    for (const { fd } of this.sockets) kernel.close(fd);
  }

  private async shrinkToOne(): Promise<void> {
    const { machinery, sockets, readers } = this;
    const { clock, receive } = this.options;
    // An event loop watches a socket only once.
    if (readers instanceof WorkerPool && readers.isStoodInFor) await readers.close(CLOSE_GRACE_MS);
    await this.replaceReaders(mainThread(sockets.map((socket) => listenOn(machinery, socket, clock, receive))));
  }

  /** Lets the present readers finish; settles when they have. */
  private async replaceReaders(next: Readers): Promise<void> {
    const { readers } = this;
    this.leaving = readers;
    this.readers = next;
    await readers.close(CLOSE_GRACE_MS);
    this.leaving = undefined;
    this.past = addStats([this.past, readers.stats]);
    this.pastDeaths += readers.deaths;
  }

  /** Opens sockets for more threads. Sockets are never closed if there are fewer threads, as closing one would lose its queries. */
  private openSockets(count: number): void {
    const { machinery, sockets } = this;
    const before = sockets.length;
    try {
      while (sockets.length < count) sockets.push(openBeside(machinery.kernel, sockets[0]!));
    } catch (error) {
      for (const { fd } of sockets.splice(before)) machinery.kernel.close(fd);
      throw error;
    }
  }
}

function mainThread(listeners: readonly BatchedListener[]): Readers {
  return {
    ...{ workers: 0, deaths: 0, memos: [] },
    get stats() {
      return addStats(listeners.map(({ stats }) => ({ ...NO_STATS, ...stats })));
    },
    handOver: async () => {},
    close: async (graceMs) => void (await Promise.all(listeners.map((listener) => listener.release(graceMs)))),
  };
}
