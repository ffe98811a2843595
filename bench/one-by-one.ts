/**
 * `node bench/one-by-one.ts PORT udp|tcp SOCKETS SECONDS FILE`: asks the queries of the file one after the other, each after the response to the last
 * one, from each socket in turn, and prints the result as JSON. dnsperf cannot do that: its threads wait for each other for up to 100 ms at a time.
 */
import { readFileSync } from 'node:fs';
import { encode } from 'dns-packet';
import koffi from 'koffi';
import { printRcode } from '../src/dns/message.ts';
import { questionPacket } from '../test/support/ask.ts';
import type { Found } from './load.ts';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const MSG_WAITALL = 0x100;
const TIMEOUT_SECONDS = 5;
/** The maximum number of latencies that are printed. */
const MAX_SAMPLES = 10_000;

const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const connect = libc.func('int connect(int, void *, uint32_t)');
const setsockopt = libc.func('int setsockopt(int, int, int, void *, uint32_t)');
const send = libc.func('int64_t send(int, void *, uint64_t, int)');
const recv = libc.func('int64_t recv(int, void *, uint64_t, int)');

const reply = Buffer.alloc(65_535);

/** Connects a socket to the port on the loopback address. */
function open(port: number, tcp: boolean): number {
  const fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, BigInt64Array.of(BigInt(TIMEOUT_SECONDS), 0n), 16);
  const address = Buffer.from([AF_INET, 0, port >> 8, port & 0xff, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  if (connect(fd, address, address.length) !== 0) throw new Error(`cannot connect to port ${port}`);
  return fd;
}

/** Sends a query and waits for its response. Returns the response's length; 0 without a response. */
function exchange(fd: number, query: Buffer, tcp: boolean): number {
  if (send(fd, query, query.length, 0) !== query.length) return 0;
  if (!tcp) return Math.max(0, recv(fd, reply, reply.length, 0));
  if (recv(fd, reply, 2, MSG_WAITALL) !== 2) return 0;
  const length = reply.readUInt16BE(0);
  return recv(fd, reply, length, MSG_WAITALL) === length ? length : 0;
}

function askAll(queries: readonly Buffer[], sockets: readonly number[], tcp: boolean, seconds: number): Found {
  const latencies: number[] = [];
  const rcodes = new Set<string>();
  let replyOctets = 0;
  let lost = 0;
  const start = performance.now();
  let now = start;
  for (let i = 0; now - start < seconds * 1000; i++) {
    const length = exchange(sockets[i % sockets.length]!, queries[i % queries.length]!, tcp);
    const sent = now;
    now = performance.now();
    if (length === 0) {
      lost++;
      continue;
    }
    latencies.push(now - sent);
    replyOctets += length;
    rcodes.add(printRcode(reply[3]! & 15));
  }
  const completed = latencies.length;
  const average = latencies.reduce((sum, latency) => sum + latency, 0) / completed;
  const max = latencies.reduce((most, latency) => Math.max(most, latency), 0);
  const every = Math.ceil(completed / MAX_SAMPLES);
  const samples = latencies.filter((_, i) => i % every === 0);
  const queriesPerSecond = (1000 * completed) / (now - start);
  const replySize = replyOctets / completed;
  return { completed, lost, queriesPerSecond, latency: { average, max }, samples, replySize, rcodes: [...rcodes] };
}

/** A line `NAME TYPE` as octets. */
export function parseQuery(line: string, tcp: boolean): Buffer {
  const [name = '', type = ''] = line.split(' ');
  const query = encode(questionPacket(name, type));
  return tcp ? Buffer.concat([Buffer.from([query.length >> 8, query.length & 0xff]), query]) : query;
}

if (import.meta.main) {
  const [port, transport, count, seconds, file = ''] = process.argv.slice(2);
  const tcp = transport === 'tcp';
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const queries = lines.map((line) => parseQuery(line, tcp));
  const sockets = Array.from({ length: Number(count) }, () => open(Number(port), tcp));
  process.stdout.write(JSON.stringify(askAll(queries, sockets, tcp, Number(seconds))));
}
