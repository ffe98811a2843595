import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { until } from '../../../test/support/turns.ts';
import { loadMachinery } from '../native/batched-udp.ts';
import type { Peer, Receiver, SendResponse } from '../transport.ts';
import type { StreamLimits } from './connections.ts';
import { createFrames, frame } from './frames.ts';
import { openTcp } from './tcp.ts';

const kinds = (await loadMachinery()) ? (['batched', 'portable'] as const) : (['portable'] as const);

describe.each(kinds)('%s', (kind) => {
  /** A message as long as a DNS header, which begins with the text. */
  const message = (text: string) => Buffer.from(text.padEnd(12, '.'));
  const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString().replace(/\.+$/, '');
  const echo: Receiver = ({ bytes }) => Buffer.from(bytes);

  async function listen(receive: Receiver, limits: Partial<StreamLimits> = {}) {
    const clock = fakeClock();
    const listener = await openTcp({ kind, address: '127.0.0.1', port: 0, clock, limits }, receive);
    onTestFinished(() => {
      const closed = listener.close(0);
      clock.advance(5000);
      return closed;
    });
    return { ...listener, clock };
  }

  /** A client whose own end stays open until it is told otherwise. */
  async function dial(port: number, localAddress?: string) {
    const socket: Socket = connect({
      port,
      host: '127.0.0.1',
      allowHalfOpen: true,
      ...(localAddress && { localAddress }),
    });
    onTestFinished(() => void socket.destroy());
    const replies: string[] = [];
    const waiting: (() => void)[] = [];
    const frames = createFrames();
    const hungUp = new Promise<string[]>((resolve) => {
      socket.on('end', () => resolve(replies));
      socket.on('close', () => resolve(replies));
    });
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      frames.push(chunk);
      for (let bytes = frames.next(); bytes; bytes = frames.next()) replies.push(textOf(bytes));
      for (const wake of waiting.splice(0)) wake();
    });
    const read = async (count: number): Promise<string[]> => {
      while (replies.length < count) await new Promise<void>((resolve) => void waiting.push(resolve));
      return replies;
    };
    const send = (...texts: string[]) => void socket.write(Buffer.concat(texts.map((text) => frame(message(text)))));
    await once(socket, 'connect');
    return { socket, read, send, hungUp };
  }

  test('a query gets its response, and the receiver knows both addresses', async () => {
    const peers: Peer[] = [];
    const { port } = await listen((incoming) => {
      peers.push(incoming.client, incoming.local);
      return echo(incoming);
    });
    const client = await dial(port);
    client.send('hello');
    expect(await client.read(1)).toEqual(['hello']);
    expect(peers).toEqual([
      { address: '127.0.0.1', port: client.socket.localPort },
      { address: '127.0.0.1', port },
    ]);
  });

  test('on every address, IPv4 clients have their IPv4 addresses', async () => {
    const clock = fakeClock();
    const peers: string[] = [];
    const listener = await openTcp({ kind, port: 0, clock }, (incoming) => {
      peers.push(incoming.client.address, incoming.local.address);
      return echo(incoming);
    });
    onTestFinished(() => listener.close(0));
    const client = await dial(listener.port);
    client.send('hello');
    await client.read(1);
    expect(peers).toEqual(['127.0.0.1', '127.0.0.1']);
  });

  test('a stream that comes octet by octet is read all the same', async () => {
    const { port } = await listen(echo);
    const client = await dial(port);
    client.socket.setNoDelay(true);
    for (const octet of Buffer.concat([frame(message('one')), frame(message('two'))])) {
      client.socket.write(Uint8Array.of(octet));
      await new Promise(setImmediate);
    }
    expect(await client.read(2)).toEqual(['one', 'two']);
  });

  test('pipelined queries are answered in the order in which their replies are made', async () => {
    const sends: SendResponse[] = [];
    const { port } = await listen(({ bytes, defer }) => {
      const text = textOf(bytes);
      if (text === 'now') return message('now');
      const send = defer();
      sends.unshift(() => send(message(`late ${text}`)));
      if (sends.length === 3) for (const each of sends) each(undefined);
      return undefined;
    });
    const client = await dial(port);
    client.send('one', 'now', 'two', 'three');
    expect(await client.read(4)).toEqual(['now', 'late three', 'late two', 'late one']);
  });

  test.each([
    ['queries', Buffer.concat(Array.from({ length: 1000 }, () => frame(message('again'))))],
    ['empty frames', Buffer.alloc(2 * 10_000)],
  ])('a heap of %s on one connection lets others have their turn', async (_, heap) => {
    let turns = 0;
    let last = '';
    const { port } = await listen(({ bytes }) => {
      last = textOf(bytes);
      if (last === 'first')
        setImmediate(function count() {
          if (last !== 'last') setImmediate(count);
          turns++;
        });
      return undefined;
    });
    const client = await dial(port);
    client.socket.write(Buffer.concat([frame(message('first')), heap, frame(message('last'))]));
    await until(() => last === 'last');
    expect(turns).toBeGreaterThan(10);
  });

  test('a query without a reply leaves the connection open, and a reply counts once', async () => {
    const { port } = await listen((incoming) => {
      const text = textOf(incoming.bytes);
      if (text === 'none') return undefined;
      const send = incoming.defer();
      send(text === 'late none' ? undefined : message(text));
      send(message('twice'));
      return undefined;
    });
    const client = await dial(port);
    client.send('none', 'late none', 'one', 'two');
    expect(await client.read(2)).toEqual(['one', 'two']);
  });

  test.each(['0000', '0003abcdef', '000b0102030405060708090a0b'])(
    'the frame %s is too short for a message: no reply, and the connection stays',
    async (hex) => {
      const { port } = await listen(echo);
      const client = await dial(port);
      client.socket.write(Buffer.from(hex, 'hex'));
      client.send('real');
      expect(await client.read(1)).toEqual(['real']);
    },
  );

  test('the largest message comes and goes', async () => {
    const { port } = await listen(({ bytes }) => Buffer.from(bytes).reverse());
    const client = await dial(port);
    const octets = Buffer.from(Array.from({ length: 65_535 }, (_, i) => 32 + (i % 89)));
    client.socket.write(frame(octets));
    expect((await client.read(1))[0]).toBe(Buffer.from(octets).reverse().toString());
  });

  test('what waits on one connection is not mixed up with what comes on others', async () => {
    const sends: (() => void)[] = [];
    const { port } = await listen(
      ({ bytes, defer }) => {
        const [reply, send] = [Buffer.from(bytes), defer()];
        sends.push(() => send(reply));
        return undefined;
      },
      { maxInFlight: 1 },
    );
    const clients = [await dial(port), await dial(port)];
    const texts = [...'ab'].map((letter) => Array.from({ length: 20 }, (_, i) => letter.repeat(500) + i));
    for (const [i, client] of clients.entries()) client.send(...texts[i]!);
    for (let count = 0; count < 40; count++) {
      await until(() => sends.length > 0);
      sends.shift()!();
    }
    for (const [i, client] of clients.entries()) expect(await client.read(20)).toEqual(texts[i]);
  });

  test('no more queries are in flight than allowed, and all are answered', async () => {
    const sends: SendResponse[] = [];
    let most = 0;
    let inFlight = 0;
    const { port } = await listen(
      ({ bytes, defer }) => {
        most = Math.max(most, ++inFlight);
        const reply = Buffer.from(bytes);
        const send = defer();
        sends.push(() => {
          inFlight--;
          send(reply);
        });
        return undefined;
      },
      { maxInFlight: 4 },
    );
    const client = await dial(port);
    client.send(...Array.from({ length: 20 }, (_, i) => `query ${i}`));
    for (let i = 0; i < 20; i++) {
      await until(() => sends.length > 0);
      sends.shift()!(undefined);
    }
    expect(await client.read(20)).toContain('query 19');
    expect(most).toBe(4);
  });

  test('after as many queries as allowed the connection ends', async () => {
    const { port, stats } = await listen(echo, { maxQueries: 2 });
    const client = await dial(port);
    client.send('one', 'two');
    expect(await client.hungUp).toEqual(['one', 'two']);
    expect(stats.closed.queries).toBe(1);
  });

  test('a client that sends FIN behind its query still gets its replies, then the end', async () => {
    const sends: SendResponse[] = [];
    const { port, stats } = await listen(({ bytes, defer }) => {
      const reply = Buffer.from(bytes);
      const send = defer();
      sends.push(() => send(reply));
      return undefined;
    });
    const client = await dial(port);
    client.send('one', 'two');
    client.socket.end();
    await until(() => sends.length === 2);
    for (const send of sends) send(undefined);
    expect(await client.hungUp).toEqual(['one', 'two']);
    await until(() => stats.open === 0);
    expect(stats.closed.client).toBe(1);
  });

  test('a client that is gone before its reply costs nothing', async () => {
    const sends: SendResponse[] = [];
    const { port, stats } = await listen(({ defer }) => {
      sends.push(defer());
      return undefined;
    });
    const client = await dial(port);
    client.send('one');
    await until(() => sends.length === 1);
    client.socket.resetAndDestroy();
    await until(() => stats.open === 0);
    expect(() => sends[0]!(message('late'))).not.toThrow();
  });

  test.each([
    ['nothing', ''],
    ['half a prefix', 'ff'],
    ['a huge prefix that is never made good', 'ffff0102'],
    ['frames too short to be messages', '00000000'],
  ])('a client that sends %s is closed after the read timeout', async (_, hex) => {
    const { port, clock, stats } = await listen(echo);
    const client = await dial(port);
    client.socket.write(Buffer.from(hex, 'hex'));
    await until(() => stats.open === 1);
    clock.advance(2999);
    expect(stats.closed.read).toBe(0);
    clock.advance(251);
    expect(await client.hungUp).toEqual([]);
    await until(() => stats.closed.read === 1);
  });

  test('a connection is idle from its last reply on, and closed after the idle timeout', async () => {
    let send: SendResponse | undefined;
    const { port, clock, stats } = await listen(({ bytes, defer }) => {
      if (textOf(bytes) !== 'late') return Buffer.from(bytes);
      send = defer();
      return undefined;
    });
    const client = await dial(port);
    client.send('late');
    await until(() => send !== undefined);
    clock.advance(60_000);
    send!(message('late'));
    await client.read(1);
    clock.advance(9000);
    client.send('again');
    await client.read(2);
    clock.advance(9000);
    expect(stats.open).toBe(1);
    clock.advance(1250);
    await client.hungUp;
    await until(() => stats.closed.idle === 1);
  });

  test('a client that never reads is closed after the write timeout, and no more is read from it meanwhile', async () => {
    let queries = 0;
    const big = Buffer.alloc(60_000);
    const { port, clock, stats } = await listen(() => {
      queries++;
      return Buffer.from(big);
    });
    const client = await dial(port);
    client.socket.pause();
    client.send(...Array.from({ length: 5000 }, () => 'more'));
    let before = -1;
    while (before !== queries) {
      before = queries;
      for (let i = 0; i < 50; i++) await new Promise(setImmediate);
    }
    expect(queries).toBeLessThan(2500);
    clock.advance(5250);
    await until(() => stats.open === 0);
    expect(stats.closed.write).toBe(1);
  });

  test('a slow client costs only its own connection', async () => {
    const { port } = await listen(echo);
    const slow = await dial(port);
    slow.socket.write(Buffer.from('ffff', 'hex'));
    const quick = await dial(port);
    quick.send('hello');
    expect(await quick.read(1)).toEqual(['hello']);
  });

  test('at the bound the connection that has been idle for the longest makes room', async () => {
    const { port, stats } = await listen(echo, { maxConnections: 2 });
    const first = await dial(port);
    const second = await dial(port);
    second.send('a');
    await second.read(1);
    first.send('b');
    await first.read(1);
    const third = await dial(port);
    third.send('c');
    expect(await third.read(1)).toEqual(['c']);
    expect(await second.hungUp).toEqual(['a']);
    first.send('d');
    expect(await first.read(2)).toEqual(['b', 'd']);
    expect(stats).toMatchObject({ open: 2, accepted: 3, refused: 0, closed: { displaced: 1 } });
  });

  test('at the bound of unfinished messages the one that has been unfinished for the longest makes room', async () => {
    const { port, stats } = await listen(echo, { maxUnfinishedOctets: 17_000 });
    const [first, second, third] = [await dial(port), await dial(port), await dial(port)];
    const whole = frame(Buffer.alloc(9_000, 'x'));
    const [half, rest] = [whole.subarray(0, 6_000), whole.subarray(6_000)];
    first.socket.write(half);
    await until(() => stats.unfinishedOctets === 6_000);
    second.socket.write(half);
    await until(() => stats.unfinishedOctets === 12_000);
    first.socket.write(Buffer.concat([rest, half]));
    await first.read(1);
    third.socket.write(half);
    expect(await second.hungUp).toEqual([]);
    expect(stats).toMatchObject({ open: 2, unfinishedOctets: 12_000, closed: { displaced: 1 } });
    for (const client of [first, third]) client.socket.write(rest);
    expect(await first.read(2)).toHaveLength(2);
    expect(await third.read(1)).toHaveLength(1);
    expect(stats.unfinishedOctets).toBe(0);
  });

  test.each<[string, Receiver]>([
    ['by their clients', echo],
    [
      'by a reply that cannot be made',
      ({ defer }) => {
        const next = () => {
          throw new Error('no next message');
        };
        return void defer()(undefined, { next });
      },
    ],
  ])('connections that are ended %s leave nothing unfinished behind', async (_, receive) => {
    const { port, stats } = await listen(receive);
    const client = await dial(port);
    client.socket.write(Buffer.concat([frame(message('hello')), frame(message('hello')).subarray(0, 8)]));
    await until(() => stats.unfinishedOctets > 0 || stats.closed.error > 0);
    client.socket.destroy();
    await until(() => stats.open === 0);
    expect(stats.unfinishedOctets).toBe(0);
  });

  test('at the bound a new connection is refused when all are busy', async () => {
    let busy = 0;
    const { port, stats } = await listen(
      ({ defer }) => {
        defer();
        busy++;
        return undefined;
      },
      { maxConnections: 1 },
    );
    const first = await dial(port);
    first.send('a');
    await until(() => busy === 1);
    const second = await dial(port);
    expect(await second.hungUp).toEqual([]);
    expect(stats).toMatchObject({ open: 1, refused: 1 });
  });

  /** Other addresses of this machine that need no configuration. */
  const onLinux = test.runIf(process.platform === 'linux');
  const [HOG, GUEST] = ['127.0.0.2', '127.0.0.3'];

  onLinux(
    'at the bound the client with the most idle connections makes room, however long others are idle',
    async () => {
      const { port, stats } = await listen(echo, { maxConnections: 4 });
      const guest = await dial(port, GUEST);
      const hogs = [];
      for (let count = 1; count <= 20; count++) hogs.push(await dial(port, HOG));
      await until(() => stats.closed.displaced === 17);
      expect(await hogs[0]!.hungUp).toEqual([]);
      guest.send('a');
      expect(await guest.read(1)).toEqual(['a']);
      hogs[19]!.send('b');
      expect(await hogs[19]!.read(1)).toEqual(['b']);
    },
  );

  onLinux('where all are busy, a client with more connections than another makes room for it', async () => {
    const sends: SendResponse[] = [];
    const receive: Receiver = ({ defer }) => void sends.push(defer());
    const { port, stats } = await listen(receive, { maxConnections: 3 });
    const hogs = [];
    for (let count = 1; count <= 3; count++) {
      const hog = await dial(port, HOG);
      hog.send('a');
      hogs.push(hog);
      await until(() => sends.length === count);
    }
    const more = await dial(port, HOG);
    expect(await more.hungUp).toEqual([]);
    expect(stats).toMatchObject({ open: 3, refused: 1, closed: { displaced: 0 } });
    const guest = await dial(port, GUEST);
    expect(await hogs[0]!.hungUp).toEqual([]);
    guest.send('b');
    await until(() => sends.length === 4);
    for (const send of sends) send(message('reply'));
    expect(await guest.read(1)).toEqual(['reply']);
    expect(await hogs[1]!.read(1)).toEqual(['reply']);
    expect(stats).toMatchObject({ open: 3, refused: 1, closed: { displaced: 1 } });
  });

  test('at the bound of unsent replies the one that has taken nothing for the longest is reset', async () => {
    const large = Buffer.alloc(60_000, 'x');
    const { port, stats } = await listen(() => large, { maxUnsentOctets: 200_000 });
    const reading = await dial(port);
    const unread = [];
    // Until the system takes no more, each of them has some of its replies kept here.
    for (let count = 1; count <= 20; count++) {
      const client = await dial(port);
      client.socket.pause();
      unread.push(client);
      client.send(...Array<string>(200).fill('again'));
      reading.send('a');
      await reading.read(count);
    }
    await until(() => stats.closed.displaced >= 10);
    expect(stats.unsentOctets).toBeLessThanOrEqual(200_000);
    reading.send('a');
    expect(await reading.read(21)).toHaveLength(21);
    const [first] = unread;
    const failed = once(first!.socket, 'error');
    first!.socket.resume();
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
    for (const { socket } of unread) socket.destroy();
    await until(() => stats.open === 1);
    expect(stats.unsentOctets).toBe(0);
  });

  test('replies that come one by one while the client reads nothing count as unsent', async () => {
    const sends: SendResponse[] = [];
    const { port, stats } = await listen(({ defer }) => void sends.push(defer()), { maxUnsentOctets: 2_000_000 });
    const client = await dial(port);
    client.socket.pause();
    client.send(...Array<string>(128).fill('late'));
    await until(() => sends.length === 128);
    for (const send of sends) {
      send(Buffer.alloc(60_000));
      await new Promise(setImmediate);
      if (stats.closed.displaced === 0) expect(stats.unsentOctets).toBeLessThanOrEqual(2_000_000);
    }
    expect(stats).toMatchObject({ open: 0, unsentOctets: 0, closed: { displaced: 1 } });
  });

  test('the queries of many connections are taken in several turns, so that others have theirs', async () => {
    let turn = 0;
    const taken = new Map<number, number>();
    const { port } = await listen(({ bytes }) => {
      taken.set(turn, (taken.get(turn) ?? 0) + 1);
      return Buffer.from(bytes);
    });
    const clients = [];
    for (let count = 1; count <= 50; count++) clients.push(await dial(port));
    for (const client of clients) client.send(...Array<string>(30).fill('again'));
    for (const total = () => [...taken.values()].reduce((sum, count) => sum + count, 0); total() < 1500; turn++) {
      await new Promise(setImmediate);
    }
    expect(Math.max(...taken.values())).toBeLessThanOrEqual(2 * 256);
    for (const client of clients) expect(await client.read(30)).toHaveLength(30);
  });

  test('closing ends idle connections at once and busy ones after their replies, and takes no more queries', async () => {
    const sends: SendResponse[] = [];
    const { port, stats, close, clock } = await listen(({ defer }) => {
      sends.push(defer());
      return undefined;
    });
    const idle = await dial(port);
    const busy = await dial(port);
    const errors: Error[] = [];
    busy.socket.on('error', (error) => errors.push(error));
    busy.send('one');
    await until(() => sends.length === 1);
    const closed = close();
    expect(await idle.hungUp).toEqual([]);
    busy.send('two');
    sends[0]!(message('one'));
    expect(await busy.hungUp).toEqual(['one']);
    await closed;
    // Its second query was not read, and yet the connection is not reset.
    expect(errors).toEqual([]);
    expect(sends).toHaveLength(1);
    expect(stats).toMatchObject({ open: 0, closed: { shutdown: 2 } });
    expect(clock.timers).toBe(0);
    const again = await openTcp({ kind, address: '127.0.0.1', port, clock }, echo);
    await again.close();
  });

  test('closing does not wait longer than the grace', async () => {
    let queries = 0;
    const { port, close, clock } = await listen(({ defer }) => {
      defer();
      queries++;
      return undefined;
    });
    const client = await dial(port);
    client.send('one');
    await until(() => queries === 1);
    const closed = close(1000);
    clock.advance(1000);
    await closed;
    expect(await client.hungUp).toEqual([]);
  });

  test('a port in use is an error that says so', async () => {
    const { port, clock } = await listen(echo);
    for (const address of ['127.0.0.1', undefined]) {
      await expect(openTcp({ kind, address, port, clock }, echo)).rejects.toThrow(
        `:${port}: it is already in use; stop the program that has it`,
      );
    }
  });

  test('a listener without connections sets no timers', async () => {
    const { port, clock, stats } = await listen(echo);
    expect(clock.timers).toBe(0);
    const client = await dial(port);
    await until(() => stats.open === 1);
    expect(clock.timers).toBe(1);
    client.socket.destroy();
    await until(() => stats.open === 0);
    expect(clock.timers).toBe(0);
  });
});
