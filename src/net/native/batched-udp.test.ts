import { readFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { datagramClient, datagramContract, silentLog } from '../../../test/support/datagram-contract.ts';
import { until } from '../../../test/support/turns.ts';
import type { Peer, Receiver, SendResponse, UdpOptions } from '../transport.ts';
import { CATCH_UP_MS, MAX_QUERY_AGE_MS } from '../udp/overload.ts';
import { listenBatched, listenOn, loadMachinery } from './batched-udp.ts';
import type { Kernel } from './kernel.ts';
import { BATCH, MessageMemory } from './message-memory.ts';
import { MAX_QUEUED_RESPONSES } from './outbox.ts';
import { ROUNDS_PER_TURN } from './serve-socket.ts';
import { openBeside } from './socket.ts';

const machinery = await loadMachinery();

test('batched UDP works on Linux on x64 and arm64', () => {
  expect(machinery !== undefined).toBe(process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch));
});

if (machinery) {
  datagramContract('batched', async (options, receive) => listenBatched(machinery, options, receive));
  describe('batched', () => batchedTests(machinery.kernel));
}

function batchedTests(real: Kernel): void {
  const echo: Receiver = ({ bytes }) => Uint8Array.from(bytes);
  const here = { address: '127.0.0.1', port: 0, clock: fakeClock(), log: silentLog };
  /** A listener on a kernel that differs from the real one in some calls. */
  const listen = (
    receive: Receiver,
    options: Partial<UdpOptions> = {},
    changes: Partial<Kernel> = {},
    base: UdpOptions = here,
  ) => {
    const listener = listenBatched(
      { ...machinery!, kernel: { ...real, ...changes } },
      { ...base, ...options },
      receive,
    );
    onTestFinished(() => listener.close(0));
    return listener;
  };
  /** A kernel in which sending fails as often as `errors` says, and then works. */
  const failing = (errors: string[]): Partial<Kernel> => {
    let error = '';
    return {
      send(...call) {
        error = errors.shift() ?? '';
        return error ? -1 : real.send(...call);
      },
      error: () => error || real.error(),
    };
  };
  const everywhere: UdpOptions = { port: 0, clock: fakeClock(), log: silentLog };

  test.each([
    ['::', '127.0.0.2'],
    ['0.0.0.0', '127.0.0.2'],
    ['0.0.0.0', '127.0.0.1'],
  ])('on %s, what was sent to %s is answered from there', async (address, asked) => {
    const locals: Peer[] = [];
    const { port } = listen(
      (incoming) => {
        locals.push(incoming.local);
        return echo(incoming);
      },
      { address },
    );
    const client = datagramClient(asked);
    const { from } = await client.ask('hello', port);
    await client.ask('again', port);
    expect(from).toMatchObject({ address: asked, port });
    expect(locals).toEqual([
      { address: asked, port },
      { address: asked, port },
    ]);
  });

  test('each datagram has the address it was sent to', async () => {
    const { port } = listen(({ local }) => Buffer.from(local.address), { address: '0.0.0.0' });
    for (const address of ['127.0.0.1', '127.0.0.2', '127.0.0.1', '127.0.0.3']) {
      expect((await datagramClient(address).ask('hello', port)).bytes.toString()).toBe(address);
    }
  });

  test('a late reply leaves from the address that was asked', async () => {
    const { port } = listen(
      (incoming) => {
        setImmediate(incoming.defer(), Buffer.from('late'));
        return undefined;
      },
      {},
      {},
      everywhere,
    );
    const { bytes, from } = await datagramClient('127.0.0.3').ask('hello', port);
    expect([bytes.toString(), from.address]).toEqual(['late', '127.0.0.3']);
  });

  test('late replies of one moment leave in one call, before anything else is read', async () => {
    const calls: string[] = [];
    const { port } = listen(
      (incoming) => {
        const sends = [incoming.defer(), incoming.defer()];
        setImmediate(() => {
          calls.push('late');
          for (const send of sends) send(Buffer.from('late'));
        });
        return undefined;
      },
      {},
      {
        receive(...call) {
          calls.push('receive');
          return real.receive(...call);
        },
        send(...call) {
          calls.push('send');
          return real.send(...call);
        },
      },
    );
    const client = datagramClient('127.0.0.1');
    await client.ask('hello', port);
    await client.receive();
    expect(calls).toEqual(['receive', 'late', 'send']);
  });

  test('without IPv6, every address means every IPv4 address', async () => {
    let error = '';
    const { port } = listen(
      echo,
      {},
      {
        socket(domain, type) {
          error = domain === 10 ? 'EAFNOSUPPORT' : '';
          return error ? -1 : real.socket(domain, type);
        },
        error: () => error || real.error(),
      },
      everywhere,
    );
    expect((await datagramClient('127.0.0.2').ask('hello', port)).from.address).toBe('127.0.0.2');
  });

  test('listeners share a port only if both say so', async () => {
    const { port } = listen(echo, { reusePort: true });
    expect(listen(echo, { reusePort: true, port }).port).toBe(port);
    expect(() => listen(echo, { port })).toThrow(`cannot listen on UDP 127.0.0.1:${port}: it is already in use`);
  });

  test("sockets that are opened beside one share its port, which is still no other program's", async () => {
    const first = listen(echo);
    const second = listenOn(machinery!, openBeside(real, first.socket), here.clock, () => Buffer.from('second'));
    onTestFinished(() => second.close(0));
    expect(second.port).toBe(first.port);
    expect(() => listen(echo, { port: first.port })).toThrow('it is already in use');
    const replies = new Set<string>();
    while (replies.size < 2) {
      replies.add((await datagramClient('127.0.0.1').ask('first', first.port)).bytes.toString());
    }
    expect([...replies].sort()).toEqual(['first', 'second']);
  });

  test('a socket that is released is served on by another listener, with nothing lost', async () => {
    const first = listenBatched(machinery!, here, echo);
    const client = datagramClient('127.0.0.1');
    await first.release();
    client.send('waiting', first.port);
    await turns();
    const second = listenOn(machinery!, first.socket, here.clock, ({ bytes }) => {
      return Buffer.from(`${Buffer.from(bytes)} no more`);
    });
    onTestFinished(() => second.close(0));
    expect((await client.receive()).bytes.toString()).toBe('waiting no more');
  });

  test('any number of idle listeners leaves the thread pool to others', async () => {
    for (let i = 0; i < 8; i++) listen(echo);
    await new Promise(setImmediate);
    expect(await readFile('/proc/self/comm', 'utf8')).not.toBe('');
  });

  test('a batch that is sent bit by bit is sent whole', async () => {
    const { port } = listen(echo, {}, { send: (fd, headers) => real.send(fd, headers, 1) });
    const client = datagramClient('127.0.0.1');
    for (let i = 0; i < 50; i++) client.send(`query ${i}`, port);
    const replies = new Set<string>();
    while (replies.size < 50) replies.add((await client.receive()).bytes.toString());
    expect(replies).toContain('query 49');
  });

  test.each(['ENOBUFS', 'EPERM', 'ENETUNREACH', 'errno 999'])(
    'a reply that fails with %s is counted, the others are sent',
    async (error) => {
      const { port, stats } = listen(echo, {}, failing([error]));
      const client = datagramClient('127.0.0.1');
      client.send('lost', port);
      expect((await client.ask('hello', port)).bytes.toString()).toBe('hello');
      expect(stats).toEqual({ sendErrors: 1, receiveErrors: 0, stale: 0 });
    },
  );

  test.each([[['EAGAIN']], [['EAGAIN', 'EAGAIN', 'EAGAIN']], [['EINTR', 'EINTR', 'EAGAIN']]])(
    'replies wait for room in the buffer: %j',
    async (errors) => {
      const { port, stats } = listen(echo, {}, failing([...errors]));
      const client = datagramClient('127.0.0.1');
      for (let i = 0; i < 50; i++) client.send(`query ${i}`, port);
      const replies = new Set<string>();
      while (replies.size < 50) replies.add((await client.receive()).bytes.toString());
      expect(stats.sendErrors).toBe(0);
    },
  );

  test('closing waits for replies that wait for room', async () => {
    const errors = Array<string>(5).fill('EAGAIN');
    const { port, close } = listen(echo, {}, failing(errors));
    const client = datagramClient('127.0.0.1');
    client.send('hello', port);
    await until(() => errors.length !== 5);
    const [{ bytes }] = await Promise.all([client.receive(), close()]);
    expect(bytes.toString()).toBe('hello');
  });

  test('more late replies than the queue takes are dropped and counted', async () => {
    const sends: SendResponse[] = [];
    const { port, stats } = listen((incoming) => {
      sends.push(...Array.from({ length: MAX_QUEUED_RESPONSES + 3 }, () => incoming.defer()));
      return undefined;
    });
    datagramClient('127.0.0.1').send('hello', port);
    await until(() => sends.length > 0);
    for (const send of sends) send(Buffer.from('late'));
    expect(stats.sendErrors).toBe(3);
  });

  test('a late reply that no datagram holds is counted', async () => {
    const { port, stats } = listen((incoming) => {
      setImmediate(incoming.defer(), incoming.bytes[0] === 0x78 ? Buffer.alloc(70_000) : Buffer.from('late'));
      return undefined;
    });
    const client = datagramClient('127.0.0.1');
    client.send('x', port);
    expect((await client.ask('y', port)).bytes.toString()).toBe('late');
    expect(stats).toEqual({ sendErrors: 1, receiveErrors: 0, stale: 0 });
  });

  test('a receive that fails is counted, and the next one is answered', async () => {
    const errors = ['ENOMEM'];
    let error = '';
    const { port, stats } = listen(
      echo,
      {},
      {
        receive(...call) {
          error = errors.shift() ?? '';
          return error ? -1 : real.receive(...call);
        },
        error: () => error || real.error(),
      },
    );
    expect((await datagramClient('127.0.0.1').ask('hello', port)).bytes.toString()).toBe('hello');
    expect(stats).toEqual({ sendErrors: 0, receiveErrors: 1, stale: 0 });
  });

  test('full batches that are too old are dropped and counted, while that goes on', async () => {
    const clock = fakeClock();
    const counts = [BATCH, BATCH, BATCH, BATCH];
    const kernel = {
      ...real,
      ageMs: () => (counts.length > 0 ? MAX_QUERY_AGE_MS + 1 : 0),
      receive() {
        clock.advance(CATCH_UP_MS);
        return counts.shift() ?? 0;
      },
    };
    const memory = new MessageMemory(real.addressOf);
    const listener = listenBatched({ ...machinery!, kernel, memory }, { ...here, clock }, echo);
    onTestFinished(() => listener.close(0));
    datagramClient('127.0.0.1').send('hello', listener.port);
    await until(() => counts.length === 0);
    // Two are caught up with, and the last one is young.
    expect(listener.stats.stale).toBe(BATCH);
  });

  test('the kernel knows how long ago a datagram came', async () => {
    let ageMs = -1;
    const waitMs = 50;
    const receive = (...call: Parameters<Kernel['receive']>) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
      const count = real.receive(...call);
      ageMs = real.ageMs(call[0]);
      return count;
    };
    const { port } = listen(echo, {}, { receive });
    await datagramClient('127.0.0.1').ask('hello', port);
    expect(ageMs).toBeGreaterThanOrEqual(waitMs - 10);
  });

  test('under a flood the rest of the process has its turn too', async () => {
    let batches = 0;
    let answered = 0;
    // In memory that nobody wrote to, all senders have port 0: nothing of it is answered. And there is always more.
    const kernel = { ...real, receive: () => BATCH * Math.sign(++batches) };
    const listener = listenBatched({ ...machinery!, kernel, memory: new MessageMemory(real.addressOf) }, here, () => {
      answered++;
      return undefined;
    });
    onTestFinished(() => listener.close(0));
    datagramClient('127.0.0.1').send('hello', listener.port);
    await until(() => batches > 0);
    expect(batches % ROUNDS_PER_TURN).toBe(0);
    expect(batches).toBeLessThanOrEqual(2 * ROUNDS_PER_TURN);
    expect(answered).toBe(0);
  });

  test('once it closes, a listener takes nothing more of the batch at hand', async () => {
    let isReading = false;
    const received: string[] = [];
    const { port, close } = listen(
      ({ bytes }) => {
        received.push(Buffer.from(bytes).toString());
        void close();
        return bytes;
      },
      {},
      { receive: (...call) => (isReading ? real.receive(...call) : -1), error: () => 'EAGAIN' },
    );
    const client = datagramClient('127.0.0.1');
    for (const text of ['one', 'two', 'three']) client.send(text, port);
    await turns();
    isReading = true;
    await client.receive();
    expect(received).toEqual(['one']);
  });

  test('while a listener waits for its last replies, new datagrams do not wake it', async () => {
    let wakes = 0;
    let send: SendResponse | undefined;
    const { port, close } = listen(
      (incoming) => {
        send = incoming.defer();
        return undefined;
      },
      {},
      {
        watch: (fd, ready) =>
          real.watch(fd, () => {
            wakes++;
            ready();
          }),
      },
    );
    const client = datagramClient('127.0.0.1');
    client.send('hello', port);
    while (!send) await new Promise(setImmediate);
    const closed = close();
    wakes = 0;
    client.send('too late', port);
    await turns();
    expect(wakes).toBe(0);
    send(undefined);
    await closed;
  });
}

/** Lets datagrams that were sent arrive, and whatever they wake run. */
async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
}
