/** The program of `startUpstream`: it sends its port to its parent, and its counts on request. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createFrames } from '../../src/net/stream/frames.ts';
import { framed, questionOf, record, replyTo, TYPES } from './message.ts';

/** Counts of the queries for the zone whose responses may not be shared, and of all queries. */
export interface UpstreamCounts {
  readonly queries: number;
  readonly unshared: {
    readonly queries: number;
    /** The maximum number of queries that waited for a response at one time. */
    readonly outstanding: number;
    readonly ports: number;
    /** The maximum number of different query ids from one port. */
    readonly idsOfPort: number;
  };
}

const UNSHARED_DELAY_MS = 400;
const PLAIN_DELAY_MS = 20;
/** A longer query is odd. */
const LONG_OCTETS = 512;
const BIG_OCTETS = 58_000;
/** The largest target of a pointer (RFC 1035 §4.1.4). */
const MAX_POINTER = 0x3fff;
/** The maximum number of labels and pointers of a name in a chain: readers give up at 126. */
const MAX_LABELS = 100;
const HEADER_OCTETS = 12;
const FIXED_OCTETS = 10;
const POINTER = Buffer.of(0xc0, 12);
const RCODES: Readonly<Record<string, number>> = { formerr: 1, refused: 5, notauth: 9 };

const address = (ttl: number) => record(POINTER, TYPES.A, 1, ttl, Buffer.of(198, 51, 100, 1));

let queries = 0;
let unshared = { queries: 0, outstanding: 0, most: 0, idsByPort: new Map<number, Set<number>>() };

type Send = (reply: Buffer) => void;

function answer(message: Buffer, overTcp: boolean, port: number, send: Send): void {
  queries++;
  const question = questionOf(message);
  if (!question) return;
  const zone = question.name.split('.').at(-2) ?? '';
  const sendAddress = (ttl: number) => send(replyTo(message, question.end, 0, 1, address(ttl)));
  if (zone === 'silent' || (zone === 'drop' && message.length > LONG_OCTETS)) return;
  if (zone === 'flaky' && queries % 5 === 0) return;
  const rcode = RCODES[zone];
  if (zone === 'flaky') setTimeout(() => sendFlaky(message, question.end, send), (queries % 10) * 100);
  else if (zone === 'unshared')
    sendUnshared(message.readUInt16BE(0), port, () => send(tailored(message, question.end)));
  else if (zone === 'big')
    send(overTcp ? bigReply(message, question.end, question.type) : truncated(message, question.end));
  else if (rcode !== undefined && message.length > LONG_OCTETS) {
    setTimeout(() => send(replyTo(message, question.end, rcode, 0, Buffer.alloc(0))), PLAIN_DELAY_MS);
  } else setTimeout(() => sendAddress(30), PLAIN_DELAY_MS);
}

function sendFlaky(message: Buffer, end: number, send: Send): void {
  if (queries % 3 === 0) send(replyTo(message, end, 2, 0, Buffer.alloc(0)));
  else send(replyTo(message, end, 0, 1, address(30)));
}

function sendUnshared(id: number, port: number, send: () => void): void {
  unshared.queries++;
  unshared.outstanding++;
  unshared.most = Math.max(unshared.most, unshared.outstanding);
  const ids = unshared.idsByPort.get(port) ?? new Set();
  unshared.idsByPort.set(port, ids.add(id));
  setTimeout(() => {
    unshared.outstanding--;
    send();
  }, UNSHARED_DELAY_MS);
}

/** An EDNS client subnet of scope 24 (RFC 7871 §7.1.3). */
const SUBNET = Buffer.of(0, 8, 0, 7, 0, 1, 24, 24, 192, 0, 2);

/** A response for one network only, with TTL 0. */
function tailored(message: Buffer, end: number): Buffer {
  const reply = replyTo(
    message,
    end,
    0,
    1,
    Buffer.concat([address(0), record(Buffer.of(0), TYPES.OPT, 1232, 0, SUBNET)]),
  );
  reply.writeUInt16BE(1, 10);
  return reply;
}

function truncated(message: Buffer, end: number): Buffer {
  const reply = replyTo(message, end, 0, 0, Buffer.alloc(0));
  reply[2]! |= 0x02;
  return reply;
}

const bigBodies = new Map<string, { count: number; records: Buffer }>();

/** Thousands of records with different long names, each with a pointer to the one before: expensive for readers that follow every pointer. */
function bigReply(message: Buffer, end: number, type: number): Buffer {
  const key = `${end} ${type}`;
  const known = bigBodies.get(key) ?? bigBody(end, type);
  bigBodies.set(key, known);
  return replyTo(message, end, 0, known.count, known.records);
}

function bigBody(end: number, type: number): { count: number; records: Buffer } {
  const fronts: Readonly<Record<number, number[]>> = { [TYPES.MX]: [0, 10], [TYPES.SRV]: [0, 0, 0, 0, 0, 80] };
  const front = Buffer.from(fronts[type] ?? []);
  const nameAt = type === TYPES.A ? 0 : POINTER.length + FIXED_OCTETS + front.length;
  const records: Buffer[] = [];
  let octets = end;
  const start = { offset: HEADER_OCTETS, labels: 0 };
  let last = start;
  let deepest = start;
  for (let i = 0; octets < BIG_OCTETS; i++) {
    const isReachable = octets + nameAt <= MAX_POINTER;
    const before = isReachable ? last : deepest;
    // A name within a chain has one letter more than the one before it; others have a label of their own.
    const text = isReachable && before.labels > 0 ? 'x' : i.toString(36).padStart(3, '0');
    const pointer = Buffer.of(0xc0 | (before.offset >> 8), before.offset & 255);
    const name = Buffer.concat([Buffer.of(text.length), Buffer.from(text), pointer]);
    if (isReachable) {
      last = { offset: octets + nameAt, labels: before.labels + 1 };
      if (last.labels > deepest.labels) deepest = last;
      if (last.labels === MAX_LABELS) last = start;
    }
    const next = bigRecord(type, name, Buffer.concat([front, name]), i.toString(36).padStart(3, '0'));
    records.push(next);
    octets += next.length;
  }
  return { count: records.length, records: Buffer.concat(records) };
}

/** TXT records differ in their text, addresses in their owner, all others in their target. */
function bigRecord(type: number, owner: Buffer, rdata: Buffer, label: string): Buffer {
  if (type === TYPES.TXT) return record(POINTER, type, 1, 30, Buffer.concat([Buffer.of(3), Buffer.from(label)]));
  if (type === TYPES.A) return record(owner, type, 1, 30, Buffer.of(198, 51, 100, 1));
  return record(POINTER, type, 1, 30, rdata);
}

const udp = createSocket({ type: 'udp4', recvBufferSize: 8 * 1024 * 1024 });
udp.on('message', (message, { port, address: host }) =>
  answer(message, false, port, (reply) => udp.send(reply, port, host)),
);
const tcp = createServer((socket) => {
  const frames = createFrames();
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    frames.push(chunk);
    for (let message = frames.next(); message; message = frames.next()) {
      answer(message, true, socket.remotePort ?? 0, (reply) => socket.writable && socket.write(framed(reply)));
    }
  });
});

/** A port that is free over both protocols. */
async function listen(): Promise<number> {
  for (;;) {
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    try {
      udp.bind(port, '127.0.0.1');
      await once(udp, 'listening');
      return port;
    } catch {
      tcp.close();
      await once(tcp, 'close');
    }
  }
}

process.on('message', () => {
  const { most, idsByPort } = unshared;
  const idsOfPort = Math.max(0, ...[...idsByPort.values()].map(({ size }) => size));
  const counts: UpstreamCounts = {
    queries,
    unshared: { queries: unshared.queries, outstanding: most, ports: idsByPort.size, idsOfPort },
  };
  queries = 0;
  unshared = { ...unshared, queries: 0, most: unshared.outstanding, idsByPort: new Map() };
  process.send!(counts);
});
process.on('disconnect', () => process.exit());
process.send!(await listen());
