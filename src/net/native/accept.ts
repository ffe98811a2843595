import { listenError } from '../listen.ts';
import type { Peer } from '../transport.ts';
import { callError, isExhausted, isNothing, type Kernel } from './kernel.ts';
import type { Loop } from './loops.ts';
import { NativeStream, type StreamMachinery } from './native-stream.ts';
import { peerOf } from './sockaddr.ts';
import type { BoundSocket } from './socket.ts';

const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
/** How many connections are accepted before the thread does other work. */
const ACCEPTS_PER_TURN = 32;
const WILDCARDS: ReadonlySet<string> = new Set(['::', '0.0.0.0']);

/**
 * Makes a socket listen, and accepts its connections until the result is called, which closes the socket.
 *
 * @param failed called when the system could not accept a client
 * @throws CairnError if the socket cannot listen.
 */
export function acceptStreams(
  machinery: StreamMachinery & { readonly loop: Loop },
  socket: BoundSocket,
  accepted: (stream: NativeStream) => void,
  failed: () => void,
): () => void {
  const { kernel, loop } = machinery;
  const { fd, address, port } = socket;
  listen(machinery, socket);
  const bound = { address, port };
  const localOf = (client: number): Peer =>
    WILDCARDS.has(address) ? peerOf(kernel.socketName(client), kernel.interfaceName) : bound;
  const spare = new SpareDescriptor(kernel);
  /** Returns whether more clients may wait. */
  const acceptOne = (): boolean => {
    const { fd: client, sockaddr } = kernel.accept(fd);
    if (client >= 0) {
      accepted(new NativeStream(machinery, client, peerOf(sockaddr, kernel.interfaceName), localOf(client)));
      return true;
    }
    const error = kernel.error();
    // Without a descriptor, the kernel does not look whether a client waits.
    if (isNothing(error) || (isExhausted(error) && !spare.refuse(fd))) return false;
    failed();
    return true;
  };
  let isOpen = true;
  const acceptSome = () => {
    for (let left = ACCEPTS_PER_TURN; isOpen && left > 0 && acceptOne(); left--);
  };
  const watch = loop.watch(fd, acceptSome);
  return () => {
    // Closing the socket resets those that wait.
    acceptSome();
    // The turn of this moment may still come.
    isOpen = false;
    watch.close();
    spare.close();
    kernel.close(fd);
  };
}

function listen({ kernel, epoll }: StreamMachinery, { fd, address, port }: BoundSocket): void {
  try {
    // Later there may be no descriptor left for it.
    epoll.open();
    // Connections inherit it.
    kernel.setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (kernel.listen(fd) < 0) throw callError(kernel, 'listen');
  } catch (thrown) {
    kernel.close(fd);
    throw listenError('TCP', { address, port }, thrown);
  }
}

/** A descriptor that is given up when there is no other, so that a client can be told to go. It would wait, and wake the thread all the time. */
class SpareDescriptor {
  private readonly kernel: Kernel;
  private fd: number;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.fd = kernel.eventfd();
  }

  /** Returns whether a client waited. */
  refuse(listening: number): boolean {
    this.close();
    const { fd } = this.kernel.accept(listening);
    if (fd >= 0) this.kernel.close(fd);
    this.fd = this.kernel.eventfd();
    return fd >= 0;
  }

  close(): void {
    if (this.fd >= 0) this.kernel.close(this.fd);
    this.fd = -1;
  }
}
