import { Epoch } from '../../base/epoch.ts';
import { type BatchedListener, drain, listenOn } from '../../net/native/batched-udp.ts';
import type { Machinery } from '../../net/native/serve-socket.ts';
import { type BoundSocket, openBeside } from '../../net/native/socket.ts';
import { CLOSE_GRACE_MS } from '../../net/transport.ts';
import { addStats, NO_STATS, type WorkerStats } from './messages.ts';
import type { MemoSize, UdpService, UdpServiceOptions } from './udp-service.ts';
import { type Readers, WorkerPool } from './worker-pool.ts';

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
