import { TransientMap } from '../../base/transient-map.ts';
import { callError, type Interest, type Kernel, type Watch } from './kernel.ts';
import { eventLoop } from './loops.ts';

/**
 * Watches many sockets through a single descriptor in the event loop. A descriptor there for each socket would cost more than the socket
 * itself. Does not keep the process alive.
 */
export class Epoll {
  private readonly kernel: Kernel;
  private readonly turns = new TransientMap<number, () => void>();
  private set: { readonly fd: number; readonly watch: Watch } | undefined;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** How many sockets are watched. */
  get size(): number {
    return this.turns.size;
  }

  /**
   * Calls `turn` once in each turn while the socket has something to read (or what else it is watched for) or an error. Returns false if the kernel
   * cannot watch it.
   */
  add(fd: number, turn: () => void, interest?: Interest): boolean {
    try {
      this.open();
    } catch {
      return false;
    }
    if (this.kernel.epollAdd(this.set!.fd, fd, interest) < 0) return false;
    this.turns.set(fd, turn);
    return true;
  }

  /** Says what a socket is watched for. */
  change(fd: number, interest: Interest): void {
    this.kernel.epollChange(this.set!.fd, fd, interest);
  }

  /** Forgets a socket that stays open. */
  remove(fd: number): void {
    this.turns.delete(fd);
    this.kernel.epollDelete(this.set!.fd, fd);
  }

  /** Forgets a socket that is about to be closed, which also takes it out of the kernel's set. */
  delete(fd: number): void {
    this.turns.delete(fd);
  }

  /** Opens the descriptor that watches the others; without this, the first socket does. @throws Error if the process has no descriptor left */
  open(): void {
    this.set ??= this.createSet();
  }

  private createSet() {
    const fd = this.kernel.epollCreate();
    if (fd < 0) throw callError(this.kernel, 'epoll_create1');
    const watch = eventLoop(this.kernel).watch(fd, () => {
      for (const turn of this.ready()) turn();
    });
    watch.unref();
    return { fd, watch };
  }

  /** If only one socket is watched, it is the one: the kernel need not be asked. */
  private ready(): readonly (() => void)[] {
    if (this.turns.size === 1) return this.turns.values();
    return this.kernel.epollReady(this.set!.fd).flatMap((fd) => this.turns.get(fd) ?? []);
  }
}
