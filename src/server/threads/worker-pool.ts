import { type BatchedListener, listenOn } from '../../net/native/batched-udp.ts';
import type { Machinery } from '../../net/native/serve-socket.ts';
import type { BoundSocket } from '../../net/native/socket.ts';
import { CLOSE_GRACE_MS, type Receiver } from '../../net/transport.ts';
import type { Logger } from '../../observe/log.ts';
import { addStats, NO_STATS, type WorkerMemoSize, type WorkerStats } from './messages.ts';
import { WorkerLink, type WorkerWorld } from './worker-link.ts';

/** How long the main thread stands in for a worker that died before another one is started. */
const RESTART_MS = 1000;

interface PoolWorld extends WorkerWorld {
  /** The listener's name in the log. */
  readonly server: string;
  readonly log: Logger;
  readonly machinery: Machinery;
  /** Answers in the main thread. */
  readonly receive: Receiver;
}

/** Who reads the sockets of a listener. */
export interface Readers {
  /** How many of them are worker threads. */
  readonly workers: number;
  readonly stats: Readonly<WorkerStats>;
  /** Workers that died. */
  readonly deaths: number;
  readonly memos: readonly WorkerMemoSize[];
  /** Others answer from now on; settles when all workers have reported what they did for those before. */
  handOver(): Promise<void>;
  /** Lets all finish within `graceMs`; settles when nobody reads the sockets any more. They stay open. */
  close(graceMs: number): Promise<void>;
}

/** Several workers that serve the sockets of one listener, each its own. */
export class WorkerPool implements Readers {
  deaths = 0;
  private readonly world: PoolWorld;
  private links: readonly WorkerLink[];
  private sockets: readonly BoundSocket[] = [];
  private free: Promise<unknown> = Promise.resolve();
  /** One for each place, for as long as there is somebody in it. */
  private readonly places: readonly Promise<void>[];
  /** Of workers that are gone, and of those who stood in for them. */
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

  /** Starts so many workers, which serve nothing yet. @throws Error (as a rejection) when one cannot start. */
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

  /** Deals the sockets out, at least one for each worker; the main thread may read them once it is `free`. */
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

  /** Sees to it that somebody serves a place's sockets until the pool is closed. */
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

  /** Answers in the main thread until there is a new worker; undefined when there need not be one any more. */
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
      // Others may have taken the binding while it started.
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
