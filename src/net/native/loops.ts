import { callError, type Kernel, type Watch } from './kernel.ts';

/** How a thread waits for its sockets. */
export interface Loop {
  /** Calls `turn` while the descriptor is ready, at first while it is readable. */
  watch(fd: number, turn: () => void): Watch;
  /** Calls `run` when everything else that has just become ready was handled. */
  afterTurn(run: () => void): void;
}

/** The event loop of Node.js. */
export function eventLoop(kernel: Pick<Kernel, 'watch'>): Loop {
  return {
    watch(fd, turn) {
      let isTurnSet = false;
      // koffi's callback runs outside of the event loop's normal phases, where promises and errors are not handled. An immediate runs inside.
      return kernel.watch(fd, () => {
        if (isTurnSet) return;
        isTurnSet = true;
        setImmediate(() => {
          isTurnSet = false;
          turn();
        });
      });
    },
    afterTurn: (run) => process.nextTick(run),
  };
}

/** The longest wait: a thread that is to end can do so only between two waits. */
const MAX_WAIT_MS = 200;

/** How long {@link BlockingLoop.run} goes on. */
const MAX_RUN_MS = 500;

/**
 * A loop for a thread that has nothing but sockets: it stands still in the kernel until one is ready. Between two datagrams that takes one system call,
 * while Node's event loop takes two, and code of three libraries. Timers, promises and messages do not run meanwhile.
 */
export class BlockingLoop implements Loop {
  private readonly kernel: Kernel;
  private readonly set: number;
  private readonly turns = new Map<number, () => void>();
  private after: (() => void)[] = [];
  private isInTurn = false;
  /** Of the whole set, in the event loop; undefined while this loop runs. */
  private left: Watch | undefined;

  /** @throws Error if the process has no descriptor left */
  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.set = kernel.epollCreate();
    if (this.set < 0) throw callError(kernel, 'epoll_create1');
  }

  watch(fd: number, turn: () => void): Watch {
    const { kernel, set, turns } = this;
    kernel.epollAdd(set, fd);
    turns.set(fd, turn);
    return {
      change: (interest) => kernel.epollChange(set, fd, interest),
      close() {
        if (turns.delete(fd)) kernel.epollDelete(set, fd);
      },
      unref() {},
    };
  }

  afterTurn(run: () => void): void {
    if (this.isInTurn) this.after.push(run);
    else process.nextTick(run);
  }

  /**
   * Waits and works until {@link leave}, but not for long: in between, the event loop is to have a turn for what V8 and diagnostics put off. `deadlineMs`
   * says in how many milliseconds `late` is due; undefined if it is not. Returns whether it should be called again.
   */
  run(deadlineMs: () => number | undefined, late: () => void): boolean {
    const endMs = performance.now() + MAX_RUN_MS;
    while (!this.left && performance.now() < endMs) {
      const leftMs = deadlineMs() ?? MAX_WAIT_MS;
      if (leftMs <= 0) late();
      this.turn(Math.max(0, Math.min(leftMs, MAX_WAIT_MS)));
    }
    return !this.left;
  }

  /** From now on, the thread's event loop watches the sockets, so that timers and promises run. */
  leave(): void {
    this.left ??= eventLoop(this.kernel).watch(this.set, () => this.turn(0));
  }

  /** Forgets all sockets, so that the thread can end. Call it after {@link leave}. */
  close(): void {
    this.turns.clear();
    this.left?.close();
    this.kernel.close(this.set);
  }

  private turn(waitMs: number): void {
    const ready = this.kernel.epollReady(this.set, waitMs);
    this.isInTurn = true;
    try {
      for (const fd of ready) this.turns.get(fd)?.();
    } finally {
      this.isInTurn = false;
    }
    const { after } = this;
    if (after.length === 0) return;
    this.after = [];
    for (const run of after) run();
  }
}
