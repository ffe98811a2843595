import { TransientMap } from '../../base/transient-map.ts';
import type { Kernel, Watch } from './kernel.ts';
import { eventLoop } from './loops.ts';

/**
 * Watches short-lived sockets through a single descriptor in the event loop. A descriptor there for each socket would cost more than the socket
 * itself. Does not keep the process alive.
 */
export class Epoll {
  private readonly kernel: Kernel;
  private readonly readers = new TransientMap<number, () => void>();
  private set: { readonly fd: number; readonly watch: Watch } | undefined;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** How many sockets are watched. */
  get size(): number {
    return this.readers.size;
  }

  /** Calls `read` once in each turn while the socket has something to read or an error. Returns false if the kernel cannot watch it. */
  add(fd: number, read: () => void): boolean {
    this.set ??= this.open();
    if (this.kernel.epollAdd(this.set.fd, fd) < 0) return false;
    this.readers.set(fd, read);
    return true;
  }

  /** Forgets a socket that is about to be closed, which also takes it out of the kernel's set. */
  delete(fd: number): void {
    this.readers.delete(fd);
  }

  private open() {
    const fd = this.kernel.epollCreate();
    const watch = eventLoop(this.kernel).watch(fd, () => {
      for (const read of this.ready()) read();
    });
    watch.unref();
    return { fd, watch };
  }

  /** If only one socket is watched, it is the one: the kernel need not be asked. */
  private ready(): readonly (() => void)[] {
    if (this.readers.size === 1) return this.readers.values();
    return this.kernel.epollReady(this.set!.fd).flatMap((fd) => this.readers.get(fd) ?? []);
  }
}
