import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { until } from '../../../test/support/turns.ts';
import { frame } from '../stream/frames.ts';
import { openTcp } from '../stream/tcp.ts';
import type { SendResponse } from '../transport.ts';
import { acceptStreams } from './accept.ts';
import { loadMachinery } from './batched-udp.ts';
import { Epoll } from './epoll.ts';
import type { Kernel } from './kernel.ts';
import { eventLoop, type Loop } from './loops.ts';
import type { NativeStream } from './native-stream.ts';
import { openStreamSocket } from './socket.ts';

const real = await loadMachinery();
const onLinux = test.runIf(real);

/** Accepts at a free port with some system calls replaced. */
function accept(changes: Partial<Kernel>, loop: Loop = real!.loop) {
  const kernel = { ...real!.kernel, ...changes };
  const machinery = { ...real!, kernel, loop, epoll: new Epoll(kernel) };
  const socket = openStreamSocket(kernel, { address: '127.0.0.1', port: 0 });
  const streams: NativeStream[] = [];
  const state = { streams, failed: 0, port: socket.port };
  const stop = acceptStreams(
    machinery,
    socket,
    (stream) => streams.push(stream),
    () => state.failed++,
  );
  let isStopped = false;
  const end = () => {
    for (const stream of streams) stream.destroy();
    if (!isStopped) stop();
    isStopped = true;
  };
  onTestFinished(end);
  return {
    ...state,
    get failed() {
      return state.failed;
    },
    end,
  };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

onLinux('where the process has no descriptor left, a client is told at once, and later ones are served', async () => {
  let free = Number.POSITIVE_INFINITY;
  let error = '';
  const state = accept({
    accept(fd) {
      error = free === 0 ? 'EMFILE' : '';
      if (free === 0) return { fd: -1, sockaddr: new Uint8Array() };
      const accepted = real!.kernel.accept(fd);
      if (accepted.fd >= 0) free--;
      return accepted;
    },
    close(fd) {
      free++;
      real!.kernel.close(fd);
    },
    eventfd() {
      free--;
      return real!.kernel.eventfd();
    },
    error: () => error || real!.kernel.error(),
  });
  free = 1;
  await dial(state.port);
  await until(() => state.streams.length === 1);
  for (let count = 1; count <= 3; count++) {
    const socket = await dial(state.port);
    await once(socket.resume(), 'close');
    expect([state.failed, state.streams.length, free]).toEqual([count, 1, 0]);
  }
  state.streams[0]!.destroy();
  await dial(state.port);
  await until(() => state.streams.length === 2);
  expect(state.failed).toBe(3);
});

onLinux('a connection that the kernel cannot watch ends', async () => {
  const state = accept({ epollAdd: () => -1 });
  const socket = await dial(state.port);
  await until(() => state.streams.length === 1);
  const isError = new Promise<boolean>((resolve) => {
    const nothing = () => {};
    const [stream] = state.streams;
    stream!.open({ data: nothing, ended: nothing, flushed: nothing, drained: nothing, closed: resolve });
    stream!.resume();
  });
  expect(await isError).toBe(true);
  await once(socket.resume(), 'close');
});

onLinux('a socket that another one listens beside cannot listen, and says so', async () => {
  const { kernel } = real!;
  const first = openStreamSocket(kernel, { address: '127.0.0.1', port: 0 });
  const second = openStreamSocket(kernel, { address: '127.0.0.1', port: first.port });
  const stop = acceptStreams(
    real!,
    first,
    () => {},
    () => {},
  );
  onTestFinished(stop);
  expect(() =>
    acceptStreams(
      real!,
      second,
      () => {},
      () => {},
    ),
  ).toThrow(`cannot listen on TCP 127.0.0.1:${first.port}: it is already in use`);
});

onLinux('a client that resets its connection while it is not read does not keep the thread busy', async () => {
  const { epoll } = real!;
  const clock = fakeClock();
  const sends: SendResponse[] = [];
  const options = { address: '127.0.0.1', port: 0, clock, limits: { maxInFlight: 1 } };
  const { port, stats, close } = await openTcp(options, ({ defer }) => void sends.push(defer()));
  onTestFinished(() => close(0));
  const before = epoll.size;
  const socket = await dial(port);
  await until(() => epoll.size === before + 1);
  socket.write(frame(Buffer.alloc(12)));
  await until(() => sends.length === 1);
  expect(epoll.size).toBe(before);
  socket.resetAndDestroy();
  await once(socket, 'close');
  expect(stats.open).toBe(1);
  sends[0]!(Buffer.alloc(12));
  await until(() => stats.open === 0);
  expect(stats.closed.error).toBe(1);
});

onLinux('a client that has just connected when the server ends is not reset', async () => {
  const { port, close } = await openTcp({ address: '127.0.0.1', port: 0, clock: fakeClock() }, () => undefined);
  const socket = connect(port, '127.0.0.1');
  const ended = once(socket.resume(), 'end');
  await once(socket, 'connect');
  await close();
  await ended;
});

onLinux('a turn that comes after the end accepts nothing', async () => {
  let turn = () => {};
  let calls = 0;
  const { kernel } = real!;
  const loop: Loop = {
    ...eventLoop(kernel),
    watch(fd, run) {
      turn = run;
      return kernel.watch(fd, () => {});
    },
  };
  const counting = (fd: number) => {
    calls++;
    return kernel.accept(fd);
  };
  const { end } = accept({ accept: counting }, loop);
  end();
  const before = calls;
  turn();
  expect(calls).toBe(before);
});

onLinux('nothing is read from a connection that has failed meanwhile', async () => {
  const calls: string[] = [];
  let isBroken = false;
  const state = accept({
    read: (...words) => {
      calls.push('read');
      return real!.kernel.read(...words);
    },
    write: (...words) => {
      if (isBroken) calls.length = 0;
      return isBroken ? -1 : real!.kernel.write(words[0], words[1], 1);
    },
    error: () => (isBroken ? 'EPIPE' : real!.kernel.error()),
  });
  const socket = await dial(state.port);
  await until(() => state.streams.length === 1);
  const [stream] = state.streams;
  const nothing = () => {};
  const closed = new Promise<boolean>((resolve) => {
    stream!.open({ data: nothing, ended: nothing, flushed: nothing, drained: nothing, closed: resolve });
  });
  stream!.resume();
  stream!.write(Buffer.alloc(10), nothing);
  await once(socket, 'data');
  isBroken = true;
  socket.write('more');
  expect(await closed).toBe(true);
  expect(calls).toEqual([]);
});
