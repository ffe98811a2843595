import { type BatchedListener, listenOn } from '../../net/native/batched-udp.ts';
import type { BoundSocket } from '../../net/native/socket.ts';
import { CLOSE_GRACE_MS, type Receiver } from '../../net/transport.ts';
import type { Logger } from '../../observe/log.ts';
import { addStats, NO_STATS, type WorkerMemoSize, type WorkerStats } from './messages.ts';
import { WorkerLink, type WorkerWorld } from './worker-link.ts';

/** How long the main thread stands in for a dead worker before a new one is started. */
const RESTART_MS = 1000;

interface PoolWorld extends WorkerWorld {
  /** The listener's name in the log. */
  readonly server: string;
  readonly log: Logger;
  /** Answers in the main thread. */
  readonly receive: Receiver;
}

/** The readers of a listener's sockets. */
export interface Readers {
  /** How many of them are worker threads. */
  readonly workers: number;
  readonly stats: Readonly<WorkerStats>;
  /** Workers that died. */
  readonly deaths: number;
  readonly memos: readonly WorkerMemoSize[];
  /** Other chains answer from now on. Settles when all workers have sent their reports for the former ones. */
  handOver(): Promise<void>;
  /** Lets all readers finish within `graceMs`; settles when none reads the sockets any more. The sockets stay open. */
  close(graceMs: number): Promise<void>;
}

/** Several workers that serve one listener, each with its own sockets. */
export class WorkerPool implements Readers {
  deaths = 0;
  private readonly world: PoolWorld;
  private links: readonly WorkerLink[];
  private sockets: readonly BoundSocket[] = [];
  private free: Promise<unknown> = Promise.resolve();
  /** One for each place in the pool; it settles when the place is given up. */
  private readonly places: readonly Promise<void>[];
  /** The counts of ended workers and of stand-ins. */
  private past: WorkerStats = NO_STATS;
  /** Sockets that the main thread reads, as their worker died. */
  private standIns: readonly BatchedListener[] = [];
  private readonly closing = Promise.withResolvers<number>();
  private isClosing = false;

  private constructor(world: PoolWorld, links: readonly WorkerLink[]) {
    this.world = world;
    this.links = links;
    this.places = links.map((link, place) => this.keep(place, link));
  }

  /** Starts `count` workers, which serve nothing yet. @throws Error (as a rejection) when one cannot start. */
  static async start(count: number, world: PoolWorld): Promise<WorkerPool> {
    const starts = await Promise.allSettled(Array.from({ length: count }, () => WorkerLink.start(world)));
    const links = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    const failed = starts.find((start) => start.status === 'rejected');
    if (!failed) return new WorkerPool(world, links);
    await Promise.all(links.map((link) => link.close(0)));
    throw failed.reason;
  }

  /** Whether the main thread reads some of the sockets, too. */
  get isStoodInFor(): boolean {
    return this.standIns.length > 0;
  }

  get workers(): number {
    return this.links.length;
  }

  get stats(): WorkerStats {
    return addStats([this.past, ...this.standIns.map(statsOf), ...this.links.map(({ stats }) => stats)]);
  }

  get memos(): readonly WorkerMemoSize[] {
    return this.links.flatMap(({ memos }) => memos);
  }

  /** Distributes the sockets, at least one for each worker. The main thread may read them once `free` has settled. */
  serve(sockets: readonly BoundSocket[], free: Promise<unknown>): void {
    this.sockets = sockets;
    this.free = free;
    this.links.forEach((link, place) => {
      link.serve(this.socketsOf(place));
    });
  }

  async handOver(): Promise<void> {
    for (const link of this.links) link.handOver();
    await Promise.all(this.links.map(({ handedOver }) => handedOver));
  }

  async close(graceMs: number): Promise<void> {
    this.isClosing = true;
    this.closing.resolve(graceMs);
    await Promise.all(this.places);
  }

  /** Makes sure that a place's sockets are served until the pool is closed. */
  private async keep(place: number, link: WorkerLink): Promise<void> {
    for (let current: WorkerLink | undefined = link; current; current = await this.replace(place)) {
      const reason = await Promise.race([current.ended, this.closing.promise]);
      if (typeof reason === 'number') await current.close(reason);
      if (this.isClosing) return;
      this.deaths++;
      const { log, server } = this.world;
      log.error(`${server}: a worker thread died, the main thread stands in for it: ${reason}`);
    }
  }

  /** Answers in the main thread until there is a new worker; undefined if none is needed any more. */
  private async replace(place: number): Promise<WorkerLink | undefined> {
    const { machinery, clock, receive } = this.world;
    // An event loop watches a socket only once.
    await this.free;
    const standIns = this.socketsOf(place).map((socket) => listenOn(machinery, socket, clock, receive));
    this.standIns = [...this.standIns, ...standIns];
    let link: WorkerLink | undefined;
    while (!link && !this.isClosing) {
      await this.pause(RESTART_MS);
      if (!this.isClosing) link = await this.tryStart();
    }
    if (link) {
      this.past = addStats([this.past, this.links[place]!.stats]);
      this.links = this.links.with(place, link);
      // The binding may have got other responders while the worker started.
      link.handOver();
      link.serve(this.socketsOf(place));
    }
    const graceMs = this.isClosing ? await this.closing.promise : CLOSE_GRACE_MS;
    await Promise.all(standIns.map((standIn) => standIn.release(graceMs)));
    this.standIns = this.standIns.filter((standIn) => !standIns.includes(standIn));
    this.past = addStats([this.past, ...standIns.map(statsOf)]);
    return link;
  }

  private async tryStart(): Promise<WorkerLink | undefined> {
    try {
      return await WorkerLink.start(this.world);
    } catch (error) {
      this.world.log.error(`${this.world.server}: ${(error as Error).message}`);
      return undefined;
    }
  }

  private async pause(ms: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = this.world.clock.after(ms, over.resolve);
    await Promise.race([over.promise, this.closing.promise]);
    timer.cancel();
  }

  private socketsOf(place: number): readonly BoundSocket[] {
    return this.sockets.filter((_, i) => i % this.links.length === place);
  }
}

function statsOf({ stats }: BatchedListener): WorkerStats {
  return { ...NO_STATS, ...stats };
}
