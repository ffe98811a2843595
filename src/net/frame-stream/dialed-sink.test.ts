import { createServer } from 'node:net';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CA_CERT, KEY, SERVER_CERT } from '../../../test/support/authority.ts';
import { folderWith } from '../../../test/support/folder.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { startTapReader, type TapReaderOptions } from '../../../test/support/tap-reader.ts';
import { QUIET_MS } from '../../observe/episode.ts';
import { createLogger } from '../../observe/log.ts';
import { fakeClock } from '../../plugin/testing/clock.ts';
import { Control } from './control.ts';
import { DialedSink, type DialTarget } from './dialed-sink.ts';
import { RETRY_MS } from './sink.ts';
import { FINISH_MS, GATHER_MS, HANDSHAKE_MS, STALL_MS } from './writer.ts';

const CONTENT_TYPE = 'protobuf:dnstap.Dnstap';

function makeSink(target: DialTarget, limit = { frames: 1000, octets: 1 << 20 }, maxOnTheWay = 1 << 20) {
  const clock = fakeClock();
  const lines: string[] = [];
  const counted = { written: 0, full: 0, lost: 0 };
  const sink = new DialedSink(target, {
    ...{ limit, clock, maxOnTheWay, contentType: CONTENT_TYPE, name: 'the tap' },
    log: createLogger((_, line) => lines.push(line)),
    counts: {
      written: (frames) => {
        counted.written += frames;
      },
      full: () => {
        counted.full++;
      },
      lost: (frames) => {
        counted.lost += frames;
      },
    },
  });
  onTestFinished(async () => {
    await stopped(sink, clock);
    expect(clock.timers).toBe(0);
  });
  return { sink, clock, lines, counted };
}

/** Stops a sink, whose reader may be silent. */
async function stopped(sink: DialedSink, clock: ReturnType<typeof fakeClock>): Promise<void> {
  const stop = sink.stop();
  let isOver = false;
  void stop.then(() => {
    isOver = true;
  });
  await vi.waitFor(() => {
    if (!isOver) clock.advance(FINISH_MS / 100);
    expect(isOver).toBe(true);
  }, PATIENT);
}

async function readerAt(at: string | 0, options: TapReaderOptions = {}) {
  const reader = await startTapReader(at, options);
  onTestFinished(() => reader.close());
  return reader;
}

const path = () => join(folderWith({}), 'tap.sock');
const connected = (sink: DialedSink) => vi.waitFor(() => expect(sink.connections).toBe(1), PATIENT);
const texts = (frames: readonly Buffer[]) => frames.map(String);

test('frames that come before there is a reader wait for it, and arrive in order', async () => {
  const at = path();
  const { sink, clock, lines } = makeSink({ path: at });
  expect(sink.isWanted, 'before it is opened').toBe(false);
  sink.open();
  expect(sink.isWanted).toBe(true);
  for (const frame of ['a', 'b']) sink.push(Buffer.from(frame));
  await vi.waitFor(
    () => expect(lines).toEqual([expect.stringMatching(/No connection.*the tap: connect ENOENT/)]),
    PATIENT,
  );
  clock.advance(RETRY_MS);
  await vi.waitFor(() => expect(clock.timers).toBe(1), PATIENT);
  expect(lines, 'the same reason is logged once').toHaveLength(1);
  const reader = await readerAt(at);
  clock.advance(RETRY_MS);
  await connected(sink);
  await vi.waitFor(() => expect(texts(reader.frames)).toEqual(['a', 'b']), PATIENT);
  expect(lines.slice(1)).toEqual(['[INFO] connected to the tap']);
  expect(reader.controls).toEqual([Control.READY, Control.START]);
});

test('frames are gathered for a moment, and sent at once when there are many', async () => {
  const at = path();
  const reader = await readerAt(at);
  const { sink, clock, counted } = makeSink({ path: at }, { frames: 1e6, octets: 1 << 30 });
  sink.open();
  await connected(sink);
  sink.push(Buffer.from('a'));
  expect(sink.queued).toBe(1);
  clock.advance(GATHER_MS);
  expect(sink.queued).toBe(0);
  await vi.waitFor(() => expect(texts(reader.frames)).toEqual(['a']), PATIENT);
  for (let i = 0; i < 100; i++) sink.push(Buffer.alloc(1000, i));
  await vi.waitFor(() => expect(reader.frames.length).toBeGreaterThan(50), PATIENT);
  clock.advance(GATHER_MS);
  await vi.waitFor(() => expect(reader.frames).toHaveLength(101), PATIENT);
  await vi.waitFor(() => expect(counted).toEqual({ written: 101, full: 0, lost: 0 }), PATIENT);
});

test('without a reader, the queue fills, and what comes then is dropped and counted', () => {
  const { sink, counted } = makeSink({ path: path() }, { frames: 10, octets: 1 << 20 });
  sink.open();
  for (let i = 0; i < 15; i++) sink.push(Buffer.from(`${i}`));
  expect(sink.queued).toBe(10);
  expect(counted).toEqual({ written: 0, full: 5, lost: 0 });
});

test('a reader that does not read costs a bounded number of frames in memory, and goes on where it stopped', async () => {
  const at = path();
  const reader = await readerAt(at);
  const { sink, clock, counted } = makeSink({ path: at }, { frames: 1e6, octets: 1 << 20 }, 1 << 20);
  sink.open();
  await connected(sink);
  reader.pause();
  const frame = Buffer.alloc(10_000, 'x');
  const count = 1000; // ten times what the queue, the way and the kernel hold together
  for (let i = 0; i < count; i++) sink.push(frame);
  expect(sink.queued).toBeLessThan(110);
  expect(counted.full).toBeGreaterThan(500);
  reader.resume();
  await vi.waitFor(() => {
    clock.advance(GATHER_MS);
    expect(reader.frames).toHaveLength(count - counted.full);
  }, PATIENT);
  expect(counted.written + counted.full).toBe(count);
});

test('a reader that takes nothing for long loses its connection, and gets another one', async () => {
  const at = path();
  const reader = await readerAt(at);
  const { sink, clock, counted, lines } = makeSink({ path: at }, { frames: 1e6, octets: 1 << 30 }, 1 << 20);
  sink.open();
  await connected(sink);
  reader.pause();
  for (let i = 0; i < 1000; i++) sink.push(Buffer.alloc(10_000));
  await vi.waitFor(() => expect(counted.written).toBeGreaterThan(0), PATIENT);
  await vi.waitFor(() => {
    clock.advance(STALL_MS);
    expect(sink.connections).toBe(0);
  }, PATIENT);
  expect(lines.at(-1)).toMatch(/the other side took nothing for 30 s/);
  expect(counted.lost).toBeGreaterThan(0);
  clock.advance(RETRY_MS);
  await vi.waitFor(() => expect(reader.connections).toBe(2), PATIENT);
});

test('a connection that breaks is made again; what was on its way is counted as lost', async () => {
  const at = path();
  const reader = await readerAt(at);
  const { sink, clock, lines } = makeSink({ path: at });
  sink.open();
  await connected(sink);
  reader.hangUp();
  await vi.waitFor(() => expect(sink.connections).toBe(0), PATIENT);
  expect(lines.at(-1)).toMatch(/No connection/);
  sink.push(Buffer.from('after'));
  clock.advance(RETRY_MS);
  await connected(sink);
  await vi.waitFor(() => expect(texts(reader.frames)).toEqual(['after']), PATIENT);
});

test('a reader that keeps closing its connections is reported once', async () => {
  const at = path();
  const reader = await readerAt(at);
  const { sink, clock, lines } = makeSink({ path: at });
  sink.open();
  for (let i = 0; i < 5; i++) {
    await connected(sink);
    reader.hangUp();
    await vi.waitFor(() => expect(sink.connections).toBe(0), PATIENT);
    await vi.waitFor(() => expect(clock.timers).toBe(1), PATIENT);
    clock.advance(RETRY_MS);
  }
  await connected(sink);
  expect(lines).toEqual([
    '[INFO] connected to the tap',
    expect.stringMatching(/No connection/),
    '[INFO] connected to the tap',
  ]);
  clock.advance(QUIET_MS);
  reader.hangUp();
  await vi.waitFor(() => expect(lines).toHaveLength(4), PATIENT);
});

test('what waits when the sink is stopped without a reader is counted as lost', async () => {
  const { sink, clock, counted } = makeSink({ path: path() });
  sink.open();
  sink.push(Buffer.from('a'));
  await stopped(sink, clock);
  expect(counted).toEqual({ written: 0, full: 0, lost: 1 });
});

test('what waits is sent before the end, and the end is told', async () => {
  const at = path();
  const reader = await readerAt(at);
  const { sink, clock } = makeSink({ path: at });
  sink.open();
  await connected(sink);
  sink.push(Buffer.from('last'));
  await stopped(sink, clock);
  await vi.waitFor(() => expect(reader.controls).toEqual([Control.READY, Control.START, Control.STOP]), PATIENT);
  expect(texts(reader.frames)).toEqual(['last']);
});

test.each<[string, TapReaderOptions, RegExp]>([
  ['takes something else', { accepts: 'text' }, /the other side takes text, and not protobuf:dnstap.Dnstap/],
  ['is silent', { isSilent: true }, /no answer from the other side/],
])('a reader that %s gets no frames, and the log says why', async (_, options, reason) => {
  const at = path();
  const reader = await readerAt(at, options);
  const { sink, clock, lines } = makeSink({ path: at });
  sink.open();
  sink.push(Buffer.from('a'));
  await vi.waitFor(() => expect(reader.controls).toEqual([Control.READY]), PATIENT);
  await vi.waitFor(() => {
    clock.advance(HANDSHAKE_MS);
    expect(lines[0]).toMatch(reason);
  }, PATIENT);
  expect(reader.frames).toEqual([]);
  expect(sink.queued).toBe(1);
});

test('a program that does not speak frame streams is left, and the log says so', async () => {
  const server = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const at = path();
  await new Promise<void>((resolve) => server.listen(at, resolve));
  onTestFinished(() => void server.close());
  const { sink, lines } = makeSink({ path: at });
  sink.open();
  await vi.waitFor(() => expect(lines[0]).toMatch(/the other side does not speak frame streams/), PATIENT);
});

test.each([
  ['the authority of the reader', { ca: CA_CERT }, false, 1],
  ['no authority of the reader', {}, false, 0],
  ['no authority of the reader, but skipverify', {}, true, 1],
])('with TLS and %s', async (_, trusted, insecure, connections) => {
  const reader = await readerAt(0, { tls: { cert: SERVER_CERT, key: KEY } });
  const context = createSecureContext(trusted);
  const target = { address: '127.0.0.1', port: reader.port, tls: { context: () => context, insecure } };
  const { sink, lines } = makeSink(target);
  sink.open();
  await vi.waitFor(() => expect(sink.connections + lines.length).toBeGreaterThan(0), PATIENT);
  expect(sink.connections).toBe(connections);
  if (connections === 0) expect(lines[0]).toMatch(/No connection.*(certificate|unable to verify)/);
});
