/**
 * `node bench/steady-client.ts PORT udp|tcp SOCKETS RATE SECONDS FILE`: asks the queries of the file at random moments, RATE of them a second on
 * average (a Poisson process), whether earlier ones are answered or not, as many independent pods do. Prints the result as JSON.
 */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { printRcode } from '../src/dns/message.ts';
import { seededRandom } from '../test/support/random.ts';
import { parseQuery } from './one-by-one.ts';
import type { Arrivals } from './steady.ts';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const MSG_DONTWAIT = 0x40;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const POLLIN = 1;
/** Words of an `epoll_event`: on x64 there is no padding between the events and the data. */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const EVENT_DATA = process.arch === 'x64' ? 1 : 2;
const MAX_READY = 64;
const BUFFER_OCTETS = 1024 * 1024;
/** How long the last responses are waited for. */
const LATE_MS = 2000;
const IDS = 65_536;

const libc = koffi.load(null);
const openSocket = libc.func('int socket(int, int, int)');
const connect = libc.func('int connect(int, void *, uint32_t)');
const setsockopt = libc.func('int setsockopt(int, int, int, void *, uint32_t)');
const send = libc.func('int64_t send(int, void *, uint64_t, int)');
const recv = libc.func('int64_t recv(int, void *, uint64_t, int)');
const epollCreate = libc.func('int epoll_create1(int)');
const epollControl = libc.func('int epoll_ctl(int, int, int, void *)');
const epollWait = libc.func('int epoll_wait(int, void *, int, int)');
const ppoll = libc.func('int ppoll(void *, uint64_t, void *, void *)');

/** The sockets of the clients, and what they wait for. */
class Clients {
  private readonly tcp: boolean;
  private readonly sockets: readonly number[];
  private readonly epoll: number;
  private readonly events = new Int32Array(MAX_READY * EVENT_WORDS);
  private readonly buffer = Buffer.alloc(BUFFER_OCTETS);
  /** The octets of responses that are not whole yet, by socket. */
  private readonly parts = new Map<number, Buffer>();
  private readonly poll: Int16Array;
  private readonly time = new BigInt64Array(2);

  constructor(port: number, tcp: boolean, count: number) {
    this.tcp = tcp;
    this.epoll = epollCreate(0);
    this.sockets = Array.from({ length: count }, () => this.open(port));
    this.poll = new Int16Array(Int32Array.of(this.epoll, POLLIN).buffer);
  }

  private open(port: number): number {
    const fd = openSocket(AF_INET, this.tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    const address = Buffer.from([AF_INET, 0, port >> 8, port & 0xff, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    if (connect(fd, address, address.length) !== 0) throw new Error(`cannot connect to port ${port}`);
    if (this.tcp) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, Int32Array.of(1), 4);
    else setsockopt(fd, SOL_SOCKET, SO_RCVBUF, Int32Array.of(BUFFER_OCTETS), 4);
    const event = new Int32Array(EVENT_WORDS);
    event[0] = EPOLLIN;
    event[EVENT_DATA] = fd;
    epollControl(this.epoll, EPOLL_CTL_ADD, fd, event);
    return fd;
  }

  /** Sends a query from one of the sockets. */
  ask(i: number, query: Buffer): void {
    send(this.sockets[i % this.sockets.length]!, query, query.length, 0);
  }

  /** Waits for responses for some milliseconds at most, and shows those that there are. */
  wait(ms: number, show: (response: Buffer) => void): void {
    const nanoseconds = BigInt(Math.max(0, Math.round(ms * 1e6)));
    this.time[0] = nanoseconds / 1_000_000_000n;
    this.time[1] = nanoseconds % 1_000_000_000n;
    if (ppoll(this.poll, 1, this.time, null) <= 0) return;
    const count = epollWait(this.epoll, this.events, MAX_READY, 0);
    for (let i = 0; i < count; i++) this.read(this.events[i * EVENT_WORDS + EVENT_DATA]!, show);
  }

  private read(fd: number, show: (response: Buffer) => void): void {
    for (;;) {
      const length = recv(fd, this.buffer, this.buffer.length, MSG_DONTWAIT);
      if (length <= 0) return;
      const octets = this.buffer.subarray(0, length);
      if (!this.tcp) show(octets);
      else this.parts.set(fd, eachMessage(Buffer.concat([this.parts.get(fd) ?? Buffer.alloc(0), octets]), show));
    }
  }
}

/** Shows the whole messages of a stream. Returns what is left. */
function eachMessage(stream: Buffer, show: (response: Buffer) => void): Buffer {
  let at = 0;
  while (stream.length >= at + 2 && stream.length >= at + 2 + stream.readUInt16BE(at)) {
    const end = at + 2 + stream.readUInt16BE(at);
    show(stream.subarray(at + 2, end));
    at = end;
  }
  return stream.subarray(at);
}

/** Asks all the time, and measures how long each response takes from the moment at which its query was due. */
function askSteadily(
  clients: Clients,
  queries: readonly Buffer[],
  tcp: boolean,
  rate: number,
  seconds: number,
): Arrivals {
  const random = seededRandom(1);
  const idAt = tcp ? 2 : 0;
  const dueMs = new Float64Array(IDS).fill(Number.NaN);
  const latencies: number[] = [];
  const rcodes = new Set<string>();
  const show = (response: Buffer) => {
    const id = response.readUInt16BE(0);
    if (Number.isNaN(dueMs[id])) return;
    latencies.push(performance.now() - dueMs[id]!);
    dueMs[id] = Number.NaN;
    rcodes.add(printRcode(response[3]! & 15));
  };
  const start = performance.now();
  const end = start + seconds * 1000;
  let asked = 0;
  for (let due = start; due < end; due += (-Math.log(1 - random()) / rate) * 1000) {
    for (let now = performance.now(); now < due; now = performance.now()) clients.wait(due - now, show);
    const query = queries[asked % queries.length]!;
    query.writeUInt16BE(asked % IDS, idAt);
    dueMs[asked % IDS] = due;
    clients.ask(asked, query);
    asked++;
  }
  for (const late = performance.now() + LATE_MS; latencies.length < asked && performance.now() < late; )
    clients.wait(50, show);
  return { asked, lost: asked - latencies.length, latencies, rcodes: [...rcodes] };
}

if (import.meta.main) {
  const [port, transport, count, rate, seconds, file = ''] = process.argv.slice(2);
  const tcp = transport === 'tcp';
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const queries = lines.map((line) => parseQuery(line, tcp));
  const clients = new Clients(Number(port), tcp, Number(count));
  process.stdout.write(JSON.stringify(askSteadily(clients, queries, tcp, Number(rate), Number(seconds))));
}
