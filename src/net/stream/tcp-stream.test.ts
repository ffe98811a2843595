import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { until } from '../../../test/support/turns.ts';
import { loadMachinery } from '../native/batched-udp.ts';
import { createFrames, frame } from './frames.ts';
import { openTcp } from './tcp.ts';

const kinds = (await loadMachinery()) ? (['batched', 'portable'] as const) : (['portable'] as const);

describe.each(kinds)('%s', (kind) => {
  const MESSAGE_OCTETS = 20_000;

  /** A listener that answers every query with `count` messages, numbered in their first octet; `fail` is the one that throws. */
  async function listen(count: number, fail = count) {
    const clock = fakeClock();
    const state = { pulled: 0, begun: 0, ended: 0 };
    const begins: (() => void)[] = [];
    function* messages() {
      state.begun++;
      try {
        for (; state.pulled < count; state.pulled++) {
          if (state.pulled === fail) throw new Error('no more');
          yield Buffer.alloc(MESSAGE_OCTETS, state.pulled);
        }
      } finally {
        state.ended++;
      }
    }
    const { port, stats, close } = await openTcp({ kind, address: '127.0.0.1', port: 0, clock }, ({ bytes, defer }) => {
      if (bytes[0] === 1) return Buffer.alloc(12, 0xff);
      const send = defer();
      // With 2, replies come later, all in the same tick.
      if (bytes[0] !== 2) send(undefined, messages());
      else if (begins.push(() => send(undefined, messages())) === 20)
        setImmediate(() => begins.map((begin) => begin()));
      return undefined;
    });
    onTestFinished(async () => {
      const closed = close(0);
      clock.advance(5000);
      await closed;
    });
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    const ask = (first = 0) => socket.write(frame(Buffer.alloc(12, first)));
    return { clock, state, stats, socket, ask };
  }

  async function firstOctets(socket: AsyncIterable<Buffer>, count: number): Promise<number[]> {
    const frames = createFrames();
    const octets: number[] = [];
    for await (const chunk of socket) {
      frames.push(chunk);
      for (let message = frames.next(); message; message = frames.next()) octets.push(message[0]!);
      if (octets.length >= count) break;
    }
    return octets;
  }

  test('all messages of a reply come, in their order', async () => {
    const { socket, ask, state } = await listen(200);
    ask();
    expect(await firstOctets(socket, 200)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    await until(() => state.ended === 1);
  });

  test('messages are made only as the client takes them; one that takes none loses its connection', async () => {
    const { clock, socket, ask, state, stats } = await listen(100_000);
    socket.pause();
    ask();
    let before = -1;
    for (let still = 0; still < 50; still = state.pulled === before ? still + 1 : 0) {
      before = state.pulled;
      await new Promise(setImmediate);
    }
    expect(state.pulled).toBeGreaterThan(0);
    // What the system's buffers hold, and no more.
    expect(state.pulled * MESSAGE_OCTETS).toBeLessThan(64 * 1024 * 1024);
    expect(state.ended).toBe(0);
    clock.advance(6000);
    await until(() => stats.closed.write === 1);
    expect(state.ended).toBe(1);
  });

  test('many replies on one connection all begin, though the client reads none of them', async () => {
    const { socket, state } = await listen(100_000);
    socket.pause();
    // They come together, before the first message of the first reply fills the socket's buffer.
    socket.write(Buffer.concat(Array.from({ length: 20 }, () => frame(Buffer.alloc(12, 2)))));
    await until(() => state.begun === 20);
    socket.destroy();
    await until(() => state.ended === 20);
  });

  test('a client that goes away ends it', async () => {
    const { socket, ask, state } = await listen(100_000);
    ask();
    await firstOctets(socket, 1);
    socket.destroy();
    await until(() => state.ended === 1);
  });

  test('a reply that fails on the way ends the connection', async () => {
    const { socket, ask, stats } = await listen(10, 3);
    ask();
    expect(await firstOctets(socket, 10)).toEqual([0, 1, 2]);
    expect(stats.closed.error).toBe(1);
  });

  test('other queries of the connection are answered meanwhile, and afterwards', async () => {
    const { socket, ask } = await listen(100);
    ask();
    ask(1);
    const octets = await firstOctets(socket, 101);
    expect(octets.indexOf(0xff)).toBeLessThan(50);
    ask(1);
    expect(octets.filter((octet) => octet === 0xff)).toHaveLength(1);
  });
});
