import { getSystemErrorMap } from 'node:util';

interface Numbers {
  readonly read: number;
  readonly write: number;
  readonly recvmmsg: number;
  readonly sendmmsg: number;
  readonly ioctl: number;
}

/**
 * The numbers of the system calls, by architecture. The calls bypass the wrappers of libc, which differ: musl's `sendmmsg` sends the messages one by
 * one, as its structures are not those of the kernel.
 */
const SYSTEM_CALLS: Partial<Record<NodeJS.Architecture, Numbers>> = {
  x64: { read: 0, write: 1, recvmmsg: 299, sendmmsg: 307, ioctl: 16 },
  arm64: { read: 63, write: 64, recvmmsg: 243, sendmmsg: 269, ioctl: 29 },
};

const IF_NAMESIZE = 16;
/** How many connections may wait to be accepted; the system may allow less. */
const BACKLOG = 511;
/** SOCK_NONBLOCK and SOCK_CLOEXEC, or EFD_NONBLOCK and EFD_CLOEXEC: calls do not wait, and child processes do not inherit the descriptor. */
export const OWN = 0o4000 | 0o2000000;
/** How many descriptors one call reports. */
const MAX_READY = 64;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EPOLLIN = 1;
const EPOLLOUT = 4;
/** Words of an `epoll_event`: on x64 there is no padding between the events and the data. */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const EVENT_DATA = process.arch === 'x64' ? 1 : 2;
const MSG_PEEK = 0x2;
const MSG_DONTWAIT = 0x40;
const SOCKADDR_MAX = 28;
const SIOCGSTAMPNS = 0x8907;

/** What a descriptor is watched for. */
export interface Interest {
  readonly readable: boolean;
  readonly writable: boolean;
}

const READABLE: Interest = { readable: true, writable: false };

/** A descriptor in the event loop. It keeps the process alive until it is closed or `unref` is called. */
export interface Watch {
  change(interest: Interest): void;
  close(): void;
  /** The descriptor no longer keeps the process alive. */
  unref(): void;
}

/** The system calls that the batched transport needs. A call that fails returns -1, and {@link Kernel.error} says why. */
export interface Kernel {
  addressOf(memory: ArrayBuffer): number;
  socket(domain: number, type: number): number;
  bind(fd: number, sockaddr: Uint8Array): number;
  /** Has a datagram socket receive from one peer only. */
  connect(fd: number, sockaddr: Uint8Array): number;
  /** Makes a stream socket accept connections. */
  listen(fd: number): number;
  /** Takes a connection that waits: its descriptor, or -1, and the client's `sockaddr`. */
  accept(fd: number): { readonly fd: number; readonly sockaddr: Uint8Array };
  /** The address that a socket is bound to, as a `sockaddr`. */
  socketName(fd: number): Uint8Array;
  /** Sets an option whose value is an `int` or a structure. */
  setOption(fd: number, level: number, option: number, value: number | Uint8Array): number;
  close(fd: number): void;
  /** Reads up to `octets` to an address; 0 at the end of a stream. */
  read(fd: number, address: number, octets: number): number;
  /** Writes up to `octets` from an address; returns how many, which may be less. */
  write(fd: number, address: number, octets: number): number;
  isReadable(fd: number): boolean;
  /** Takes up to `count` datagrams into the `mmsghdr`s at an address, without waiting; returns how many. */
  receive(fd: number, headers: number, count: number): number;
  /**
   * How long ago the last received datagram came to the machine, in milliseconds. It is 0 for a while after the first call: the kernel records these
   * times only once a program asks for them.
   */
  ageMs(fd: number): number;
  /** Sends up to `count` datagrams, without waiting; returns how many it sent, which may be less. */
  send(fd: number, headers: number, count: number): number;
  /** Opens a set of descriptors that are watched together (epoll(7)). */
  epollCreate(): number;
  /** Adds a descriptor, which is watched until it is closed; by default for something to read. */
  epollAdd(epoll: number, fd: number, interest?: Interest): number;
  /** Says what a descriptor of the set is watched for. */
  epollChange(epoll: number, fd: number, interest: Interest): void;
  epollDelete(epoll: number, fd: number): void;
  /** The descriptors of the set that are ready or have an error, at most {@link MAX_READY}. If there are none, it waits so long: the thread stands still. */
  epollReady(epoll: number, waitMs?: number): readonly number[];
  /** Opens a descriptor by which one thread wakes another (eventfd(2)). */
  eventfd(): number;
  /** Makes an eventfd readable. */
  signal(eventfd: number): void;
  /** Makes an eventfd unreadable until the next signal. */
  unsignal(eventfd: number): void;
  /** Why the last call failed, such as `EADDRINUSE`. */
  error(): string;
  interfaceName(index: number): string;
  /** 0 if there is no such interface. */
  interfaceIndex(name: string): number;
  /** Calls `ready` while the descriptor is readable, at least at first. `ready` may only set an immediate. */
  watch(fd: number, ready: () => void): Watch;
}

/** Binds the system calls; undefined without Linux, on another architecture, or without koffi. */
export async function loadKernel(): Promise<Kernel | undefined> {
  const numbers = SYSTEM_CALLS[process.arch];
  if (process.platform !== 'linux' || !numbers) return undefined;
  try {
    return bindKernel((await import('koffi')).default, numbers);
  } catch {
    return undefined; // an optional dependency: not installed, or not for this libc
  }
}

function bindKernel(koffi: typeof import('koffi').default, numbers: Numbers): Kernel {
  if (typeof koffi.node.poll !== 'function') throw new Error('this version of koffi cannot watch descriptors');
  const { recvmmsg, sendmmsg, ioctl } = numbers;
  const libc = koffi.load(null);
  const syscall = libc.func('int64_t syscall(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)');
  const socket = libc.func('int socket(int, int, int)');
  const bind = libc.func('int bind(int, void *, uint32_t)');
  const connect = libc.func('int connect(int, void *, uint32_t)');
  const listen = libc.func('int listen(int, int)');
  const accept4 = libc.func('int accept4(int, void *, void *, int)');
  const recv = libc.func('int64_t recv(int, void *, uint64_t, int)');
  const getsockname = libc.func('int getsockname(int, void *, void *)');
  const setsockopt = libc.func('int setsockopt(int, int, int, void *, uint32_t)');
  const close = libc.func('int close(int)');
  const epollCreate = libc.func('int epoll_create1(int)');
  const epollControl = libc.func('int epoll_ctl(int, int, int, void *)');
  const epollWait = libc.func('int epoll_wait(int, uint64_t, int, int)');
  const eventfd = libc.func('int eventfd(uint32_t, int)');
  const read = libc.func('int64_t read(int, void *, uint64_t)');
  const write = libc.func('int64_t write(int, void *, uint64_t)');
  const indexToName = libc.func('void *if_indextoname(uint32_t, void *)');
  const nameToIndex = libc.func('uint32_t if_nametoindex(const char *)');

  const event = new Int32Array(EVENT_WORDS);
  const events = new Int32Array(MAX_READY * EVENT_WORDS);
  const eventsAddress = Number(koffi.address(events.buffer));
  const setEvent = (fd: number, { readable, writable }: Interest) => {
    event[0] = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
    event[EVENT_DATA] = fd;
  };
  /** The value of an eventfd: 64 bits. */
  const one = new BigUint64Array([1n]);
  const taken = new BigUint64Array(1);
  /** A `timespec`: seconds and nanoseconds of the machine's clock. */
  const time = new BigInt64Array(2);
  const timeAddress = Number(koffi.address(time.buffer));

  return {
    addressOf: (memory) => Number(koffi.address(memory)),
    socket: (domain, type) => socket(domain, type, 0),
    bind: (fd, sockaddr) => bind(fd, sockaddr, sockaddr.length),
    connect: (fd, sockaddr) => connect(fd, sockaddr, sockaddr.length),
    listen: (fd) => listen(fd, BACKLOG),
    accept(fd) {
      const sockaddr = new Uint8Array(SOCKADDR_MAX);
      return { fd: accept4(fd, sockaddr, Uint32Array.of(sockaddr.length), OWN), sockaddr };
    },
    socketName(fd) {
      const sockaddr = new Uint8Array(SOCKADDR_MAX);
      getsockname(fd, sockaddr, Uint32Array.of(sockaddr.length));
      return sockaddr;
    },
    setOption(fd, level, option, value) {
      const bytes = typeof value === 'number' ? Int32Array.of(value) : value;
      return setsockopt(fd, level, option, bytes, bytes.byteLength);
    },
    isReadable: (fd) => recv(fd, new Uint8Array(1), 1, MSG_PEEK | MSG_DONTWAIT) >= 0,
    close: (fd) => void close(fd),
    read: (fd, address, octets) => syscall(numbers.read, fd, address, octets, 0, 0),
    write: (fd, address, octets) => syscall(numbers.write, fd, address, octets, 0, 0),
    receive: (fd, headers, count) => syscall(recvmmsg, fd, headers, count, MSG_DONTWAIT, 0),
    ageMs(fd) {
      if (syscall(ioctl, fd, SIOCGSTAMPNS, timeAddress, 0, 0) < 0) return 0;
      return Math.max(0, Date.now() - (Number(time[0]) * 1000 + Number(time[1]) / 1e6));
    },
    send: (fd, headers, count) => syscall(sendmmsg, fd, headers, count, MSG_DONTWAIT, 0),
    epollCreate: () => epollCreate(EPOLL_CLOEXEC),
    epollAdd(epoll, fd, interest = READABLE) {
      setEvent(fd, interest);
      return epollControl(epoll, EPOLL_CTL_ADD, fd, event);
    },
    epollChange(epoll, fd, interest) {
      setEvent(fd, interest);
      epollControl(epoll, EPOLL_CTL_MOD, fd, event);
    },
    epollDelete: (epoll, fd) => void epollControl(epoll, EPOLL_CTL_DEL, fd, event),
    epollReady(epoll, waitMs = 0) {
      const ready: number[] = [];
      const count = epollWait(epoll, eventsAddress, MAX_READY, Math.ceil(waitMs));
      for (let i = 0; i < count; i++) ready.push(events[i * EVENT_WORDS + EVENT_DATA]!);
      return ready;
    },
    eventfd: () => eventfd(0, OWN),
    signal: (fd) => void write(fd, one, one.byteLength),
    unsignal: (fd) => void read(fd, taken, taken.byteLength),
    error: () => ERROR_NAMES.get(koffi.errno()) ?? `errno ${koffi.errno()}`,
    interfaceName(index) {
      const name = Buffer.alloc(IF_NAMESIZE);
      return indexToName(index, name) ? name.toString('latin1', 0, name.indexOf(0)) : String(index);
    },
    interfaceIndex: (name) => nameToIndex(name),
    watch(fd, ready) {
      const handle = koffi.node.poll(fd, ready);
      let isOpen = true;
      return {
        change(interest) {
          // koffi would follow a null pointer if the handle were closed. A handle without any event would not keep the process alive, so it also
          // waits for the event `disconnect`, which a datagram socket never has.
          if (isOpen) handle.start({ ...interest, disconnect: true }, ready);
        },
        close() {
          if (isOpen) handle.close();
          isOpen = false;
        },
        unref: () => handle.unref(),
      };
    },
  };
}

/** Whether a failed call only means that there is nothing to do at the moment. */
export function isNothing(error: string): boolean {
  return error === 'EAGAIN' || error === 'EINTR';
}

/** Whether a call failed because the process or the machine has no descriptor left. */
export function isExhausted(error: string): boolean {
  return error === 'EMFILE' || error === 'ENFILE';
}

/** The failure of the last call, as Node.js would throw it. */
export function callError(kernel: Pick<Kernel, 'error'>, call: string): NodeJS.ErrnoException {
  const code = kernel.error();
  return Object.assign(new Error(`${call} ${code}`), { code, errno: ERROR_NUMBERS.get(code), syscall: call });
}

const ERROR_NAMES = new Map([...getSystemErrorMap()].map(([number, [name]]) => [-number, name]));
const ERROR_NUMBERS = new Map([...getSystemErrorMap()].map(([number, [name]]) => [name, number]));
