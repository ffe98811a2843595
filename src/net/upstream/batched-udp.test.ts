import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { testMessage } from '../../../test/support/query.ts';
import {
  answering,
  answerTo,
  refusedPort,
  type ScriptedUpstream,
  startUpstream,
} from '../../../test/support/upstream.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { loadMachinery } from '../native/batched-udp.ts';
import { Epoll } from '../native/epoll.ts';
import type { Kernel } from '../native/kernel.ts';
import type { Machinery } from '../native/serve-socket.ts';
import { BatchedUpstream } from './batched-udp.ts';
import { createSocketBudget } from './socket-budget.ts';
import { PORT_LIFE_MS, QUERIES_PER_PORT } from './source-ports.ts';

const machinery = await loadMachinery();

describe.runIf(machinery)('an upstream over batched UDP', () => batchedTests(machinery!));

function batchedTests(real: Machinery): void {
  const clock = fakeClock();
  const sockets = createSocketBudget(100);
  let upstream: ScriptedUpstream;
  let picks: boolean[];

  beforeEach(async () => {
    upstream = await startUpstream(answering());
    picks = [];
  });

  const opened: BatchedUpstream[] = [];

  afterEach(async () => {
    for (const made of opened.splice(0)) made.close();
    expect([sockets.size, clock.timers, real.epoll.size]).toEqual([0, 0, 0]);
    await upstream.close();
  });

  /** An upstream over a kernel that differs from the real one in some calls. */
  const connect = (changes: Partial<Kernel> = {}, port = upstream.port) => {
    const made = new BatchedUpstream(
      { ...real, kernel: { ...real.kernel, ...changes } },
      { address: '127.0.0.1', port },
      { clock, sockets, onPick: (reused) => picks.push(reused) },
    );
    opened.push(made);
    return { exchange: made.exchange.bind(made) as BatchedUpstream['exchange'], close: made.close.bind(made) };
  };
  const query = (i: number) => encodeMessage(testMessage(`name-${i}.example.org. A`));
  /** The names in the replies to so many queries that are asked at once; of those that fail, the error. */
  const askAtOnce = async (count: number, upstream: Pick<BatchedUpstream, 'exchange'>) => {
    const replies = Array.from({ length: count }, (_, i) => upstream.exchange(query(i), 2000, copy));
    return (await Promise.allSettled(replies)).map((outcome) =>
      outcome.status === 'fulfilled' ? decodeMessage(outcome.value).questions[0]!.name : outcome.reason.message,
    );
  };
  const copy = (reply: Uint8Array) => Uint8Array.from(reply);
  const names = (count: number) => Array.from({ length: count }, (_, i) => `name-${i}.example.org.`);
  const ports = () => new Set(upstream.received.map(({ peer }) => peer.port)).size;

  test('with one socket, the kernel is not asked which one can be read', async () => {
    let asked = 0;
    const kernel: Kernel = {
      ...real.kernel,
      epollReady(set) {
        asked++;
        return real.kernel.epollReady(set);
      },
    };
    const made = new BatchedUpstream(
      { ...real, kernel, epoll: new Epoll(kernel) },
      { address: '127.0.0.1', port: upstream.port },
      { clock, sockets },
    );
    opened.push(made);
    expect(await askAtOnce(3, made)).toEqual(names(3));
    expect(asked).toBe(0);
  });

  test('queries of one port that get no reply fail with one error, which is looked into once', async () => {
    upstream.on(() => {});
    let looks = 0;
    const socketName = (fd: number) => {
      looks++;
      return real.kernel.socketName(fd);
    };
    const failures = askAtOnce(QUERIES_PER_PORT, connect({ socketName }));
    await upstream.query(QUERIES_PER_PORT - 1);
    clock.advance(2000);
    const errors = await failures;
    expect(new Set(errors).size).toBe(1);
    expect(errors[0]).toMatch(/^read udp .*: i\/o timeout$/);
    expect(looks).toBe(1);
  });

  test('queries share a port up to its limit, and each has a different id', async () => {
    const count = QUERIES_PER_PORT + 10;
    expect(await askAtOnce(count, connect())).toEqual(names(count));
    expect(ports()).toBe(2);
    for (const received of Map.groupBy(upstream.received, ({ peer }) => peer.port).values()) {
      expect(new Set(received.map(({ message }) => message.id)).size).toBe(received.length);
    }
    expect(picks.filter((reused) => !reused)).toHaveLength(2);
  });

  test('a port that is still in use takes no queries after its time', async () => {
    const { exchange } = connect();
    upstream.on(() => {});
    const replies: Promise<Uint8Array>[] = [];
    for (let i = 0; i < 6; i++) {
      replies.push(exchange(query(i), 2000, copy));
      await upstream.query(i);
      clock.advance(PORT_LIFE_MS / 2);
    }
    expect(ports()).toBe(3);
    for (const { message, reply } of upstream.received) reply(answerTo(message));
    await Promise.all(replies);
    expect(sockets.size).toBe(1);
  });

  test('when it is closed, queries in flight still get their replies, and then nothing is open', async () => {
    const { exchange, close } = connect();
    upstream.on(() => {});
    const first = exchange(query(0), 2000, copy);
    await upstream.query(0);
    close();
    const late = exchange(query(1), 2000, copy);
    await upstream.query(1);
    for (const { message, reply } of upstream.received) reply(answerTo(message));
    await Promise.all([first, late]);
    expect(sockets.size).toBe(0);
  });

  test('replies may come in any order, and one that never comes holds up no other', async () => {
    upstream.on(({ index }) => {
      if (index < 9) return;
      for (const { message, reply } of upstream.received.slice(1).reverse()) reply(answerTo(message));
    });
    const { exchange } = connect();
    const [lost, ...others] = Array.from({ length: 10 }, (_, i) => exchange(query(i), 2000, copy));
    const outcome = expect(lost).rejects.toMatchObject({ reason: 'timeout' });
    expect((await Promise.all(others)).map((reply) => decodeMessage(reply).questions[0]!.name)).toEqual(
      names(10).slice(1),
    );
    clock.advance(2000);
    await outcome;
  });

  test("a reply to another query of the same port is not this one's", async () => {
    upstream.on(({ index, message, reply }) => {
      if (index === 0) return;
      const [first] = upstream.received;
      first!.reply(answerTo(message, [], { id: first!.message.id }));
      reply(answerTo(first!.message, [], { id: message.id }));
      first!.reply(answerTo(first!.message));
      reply(answerTo(message));
    });
    expect(await askAtOnce(2, connect())).toEqual(names(2));
  });

  test('where nobody listens, all that was sent at once learns of it', async () => {
    const errors = await askAtOnce(3, connect({}, await refusedPort()));
    for (const error of errors) expect(error).toMatch(/^read udp .*: (read|write): connection refused$/);
  });

  /** A kernel whose first calls to send do what they are told: an error, or how many they take. */
  const sending = (...script: (string | number)[]): Partial<Kernel> => {
    let error = '';
    return {
      send(fd, headers, count) {
        const step = script.shift() ?? count;
        error = typeof step === 'string' ? step : '';
        return typeof step === 'string' ? -1 : real.kernel.send(fd, headers, Math.min(step, count));
      },
      error: () => error || real.kernel.error(),
    };
  };

  test.each<[string, Partial<Kernel>, number, string[]]>([
    ['a call that takes some of them', sending(2, 1), 1, names(5)],
    ['a call that was interrupted', sending('EINTR'), 1, names(5)],
    ['a buffer that is full', sending(3, 'EAGAIN'), 2, names(5)],
    [
      'a query that cannot be sent',
      sending(1, 'EMSGSIZE'),
      1,
      names(5).with(1, expect.stringMatching(/^read udp .*: write: message too long$/)),
    ],
    [
      'a buffer that is full from the beginning',
      sending('EAGAIN'),
      1,
      names(5).with(0, expect.stringMatching(/: write: resource temporarily unavailable$/)),
    ],
  ])('%s: the others are sent', async (_, changes, expectedPorts, expected) => {
    expect(await askAtOnce(5, connect(changes))).toEqual(expected);
    expect(ports()).toBe(expectedPorts);
  });

  test('where the process has no descriptor left, the socket that has waited longest is closed', async () => {
    let isFull = false;
    let left = Number.POSITIVE_INFINITY;
    const kernel: Partial<Kernel> = {
      socket: (...args) => {
        isFull = left-- <= 0;
        return isFull ? -1 : real.kernel.socket(...args);
      },
      close: (fd) => {
        left = 1;
        return real.kernel.close(fd);
      },
      error: () => (isFull ? 'EMFILE' : real.kernel.error()),
    };
    const { exchange } = connect(kernel);
    upstream.on(() => {});
    const first = expect(exchange(query(0), 2000, copy)).rejects.toMatchObject({ reason: 'limit' });
    await upstream.query(0);
    clock.advance(PORT_LIFE_MS);
    left = 0;
    upstream.on(answering());
    expect(decodeMessage(await exchange(query(1), 2000, copy)).questions[0]!.name).toBe('name-1.example.org.');
    await first;
  });

  test.each<[string, Partial<Kernel>, string]>([
    ['socket', { socket: () => -1 }, 'dial udp 127.0.0.1:53: socket: '],
    ['connect', { connect: () => -1 }, 'dial udp 127.0.0.1:53: connect: '],
    ['epoll', { epollAdd: () => -1 }, 'dial udp 127.0.0.1:53: epoll_ctl: '],
  ])('a call to %s that fails costs the queries of the turn, and no more', async (_, changes, text) => {
    const epoll = Object.create(real.epoll, { add: { value: () => false } });
    const kernel = { ...real.kernel, ...changes, error: () => 'ENOBUFS' };
    const upstream = new BatchedUpstream(
      { ...real, kernel, ...('epollAdd' in changes && { epoll }) },
      { address: '127.0.0.1', port: 53 },
      { clock, sockets },
    );
    const errors = await askAtOnce(2, upstream);
    expect(errors).toEqual([expect.stringContaining(text), expect.stringContaining(text)]);
  });
}
