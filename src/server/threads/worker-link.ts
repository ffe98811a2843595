import type { Worker } from 'node:worker_threads';
import { type Epoch, shareEpochs } from '../../base/epoch.ts';
import { programBeside, startThread } from '../../base/program.ts';
import { callError } from '../../net/native/kernel.ts';
import type { Machinery } from '../../net/native/serve-socket.ts';
import type { BoundSocket } from '../../net/native/socket.ts';
import { guestAt } from '../../net/shared-sockets.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Answer } from '../answer/stream.ts';
import { type ListenerBinding, responderAt } from '../listeners/listener-binding.ts';
import { aheadOfMachineMs } from './machine-clock.ts';
import {
  joinBytes,
  NO_REPLY,
  NO_STATS,
  type Order,
  type Queries,
  type Recipe,
  type Report,
  type WorkerMemoSize,
  type WorkerStart,
  type WorkerStats,
} from './messages.ts';
import { TaughtRecipes } from './taught-recipes.ts';

const PROGRAM = programBeside(import.meta.url, 'worker');

/** The objects of a worker are short-lived, so a larger young generation would only take more memory. */
const YOUNG_MB = 4;

/** What all workers of a listener share. */
export interface WorkerWorld {
  readonly machinery: Machinery;
  readonly clock: Clock;
  readonly binding: ListenerBinding;
  /** The port of the sockets. */
  readonly port: number;
  /** Moves when the binding gets other responders. */
  readonly chains: Epoch;
}

/** The main thread's side of one worker: it answers the queries that the worker passes on, and counts those that the worker answered. */
export class WorkerLink {
  stats: Readonly<WorkerStats> = NO_STATS;
  memos: readonly WorkerMemoSize[] = [];
  /** Settles when the thread has ended, with the reason if it was not asked to. */
  readonly ended: Promise<string | undefined>;
  /** Settles when the worker has seen the last hand-over, or has ended. */
  handedOver: Promise<unknown> = Promise.resolve();
  private readonly worker: Worker;
  private readonly world: WorkerWorld;
  private readonly recipes: TaughtRecipes;
  /** Wakes the worker after an order. */
  private readonly bell: number;
  private readonly ready = Promise.withResolvers<void>();
  private handOvers: (() => void)[] = [];
  private isClosing = false;
  private isOver = false;
  private reply = emptyReplies();

  private constructor(world: WorkerWorld) {
    this.world = world;
    this.recipes = new TaughtRecipes(world.chains);
    const { clock, binding, machinery } = world;
    const { kernel } = machinery;
    this.bell = kernel.eventfd();
    if (this.bell < 0) throw callError(kernel, 'eventfd');
    const start: WorkerStart = {
      epochs: shareEpochs(),
      aheadMs: aheadOfMachineMs(clock.monotonic),
      guests: [...binding.byAddress.keys()],
      bell: this.bell,
    };
    this.worker = startThread(PROGRAM, { workerData: start, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    let reason = 'it ended without an error message';
    this.worker.on('error', (error) => {
      reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    this.worker.on('message', (report: Report) => {
      if (report.kind === 'failed') reason = report.reason;
      else this.take(report);
    });
    this.ended = new Promise((resolve) => {
      this.worker.on('exit', () => {
        this.isOver = true;
        kernel.close(this.bell);
        this.ready.reject(new Error(`a worker thread did not start: ${reason}`));
        resolve(this.isClosing ? undefined : reason);
      });
    });
  }

  /** Starts a worker, which serves nothing yet. @throws Error (as a rejection) when it cannot start. */
  static async start(world: WorkerWorld): Promise<WorkerLink> {
    const link = new WorkerLink(world);
    await link.ready.promise;
    return link;
  }

  serve(sockets: readonly BoundSocket[]): void {
    this.tell({ kind: 'serve', sockets });
  }

  /** Called after the binding got other responders. The recipes are already invalid, as `chains` has moved. */
  handOver(): void {
    const seen = new Promise<void>((resolve) => this.handOvers.push(resolve));
    // A worker that has died stays in the list until it is replaced.
    this.handedOver = Promise.race([seen, this.ended]);
    this.tell({ kind: 'handOver', guests: [...this.world.binding.byAddress.keys()] });
  }

  /** Lets the worker answer the queries that it has read, within `graceMs`; settles when the thread has ended. */
  async close(graceMs: number): Promise<void> {
    this.isClosing = true;
    this.tell({ kind: 'close', graceMs });
    await this.ended;
  }

  private tell(order: Order, transfer: ArrayBuffer[] = []): void {
    if (this.isOver) return;
    this.worker.postMessage(order, transfer);
    this.world.machinery.kernel.signal(this.bell);
  }

  private take(report: Exclude<Report, { kind: 'failed' }>): void {
    switch (report.kind) {
      case 'ready':
        this.ready.resolve();
        break;
      case 'queries':
        this.answer(report.queries);
        break;
      case 'counts':
        this.stats = report.counts.stats;
        this.memos = report.counts.memos;
        this.recipes.take(report.counts);
        break;
      case 'handedOver':
        this.handOvers.shift()?.();
    }
  }

  /** Answers the queries with immediate responses in one message, the others when their responses come. */
  private answer({ tokens, clients, clientPorts, locals, receivedMs, lengths, bytes }: Queries): void {
    let at = 0;
    tokens.forEach((token, i) => {
      const octets = lengths[i]!;
      const query = bytes.subarray(at, at + octets);
      at += octets;
      const { binding } = this.world;
      const responder = responderAt(binding, locals[i]!);
      const guest = guestAt(locals[i]!, binding.byAddress);
      const reply = responder.answer(query, {
        protocol: 'udp',
        client: { address: clients[i]!, port: clientPorts[i]! },
        local: { address: locals[i]!, port: this.world.port },
        octets,
        receivedMs: receivedMs[i]!,
      });
      if (reply instanceof Promise) {
        void reply.then((late) => this.settle(token, late));
        return;
      }
      // A response that comes later is not in the memo.
      const found = responder.memo.find(query, receivedMs[i]!);
      const recipe = found && this.recipes.teach(found.key, found.entry, responder, guest);
      if (recipe) this.reply.recipes.push(recipe);
      this.settle(token, reply);
    });
    this.sendReplies(true);
  }

  /** Responses of the same moment are sent in one message. */
  private settle(token: number, answer: Answer): void {
    // Only over TCP a response may have several messages.
    const bytes = answer instanceof Buffer ? answer : undefined;
    const { tokens, lengths, parts } = this.reply;
    if (tokens.length === 0) queueMicrotask(() => this.sendReplies(false));
    tokens.push(token);
    lengths.push(bytes?.length ?? NO_REPLY);
    if (bytes) parts.push(bytes);
  }

  private sendReplies(isTurn: boolean): void {
    const { parts, ...rest } = this.reply;
    if (rest.tokens.length === 0 && !isTurn) return;
    this.reply = emptyReplies();
    const bytes = joinBytes(parts);
    this.tell({ kind: 'replies', replies: { ...rest, bytes, isTurn } }, [bytes.buffer]);
  }
}

function emptyReplies() {
  return { tokens: [] as number[], lengths: [] as number[], parts: [] as Uint8Array[], recipes: [] as Recipe[] };
}
