import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CA_CERT, CLIENT_CERT, KEY, SERVER_CERT } from '../../../test/support/authority.ts';
import { folderWith } from '../../../test/support/folder.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { readTapAt } from '../../../test/support/tap-reader.ts';
import { createLogger } from '../../observe/log.ts';
import { fakeClock } from '../../plugin/testing/clock.ts';
import type { ClientAuth } from '../stream/tls-server.ts';
import { ListeningSink, MAX_READERS, type MeetingPoint } from './listening-sink.ts';
import { RETRY_MS } from './sink.ts';
import { GATHER_MS } from './writer.ts';

function makeSink(at: MeetingPoint, limit = { frames: 1000, octets: 1 << 20 }) {
  const clock = fakeClock();
  const lines: string[] = [];
  const counted = { full: 0 };
  const sink = new ListeningSink(at, {
    ...{ limit, clock, maxOnTheWay: 1 << 20, contentType: 'protobuf:dnstap.Dnstap', name: 'the address' },
    log: createLogger((_, line) => lines.push(line)),
    counts: {
      written() {},
      full() {
        counted.full++;
      },
      lost() {},
    },
  });
  onTestFinished(() => sink.stop());
  return { sink, clock, lines, counted };
}

const path = () => join(folderWith({}), 'tap.sock');
const listens = (lines: readonly string[]) =>
  vi.waitFor(() => expect(lines.at(-1)).toMatch(/listening for dnstap sinks on the address/), PATIENT);
const hasConnections = (sink: ListeningSink, count: number) =>
  vi.waitFor(() => expect(sink.connections).toBe(count), PATIENT);

function readerOf(at: string | number) {
  const reader = readTapAt(() => connect(at as string));
  onTestFinished(() => reader.close());
  return reader;
}

test('each program that connects gets the frames from then on', async () => {
  const at = path();
  const { sink, clock, lines } = makeSink({ path: at });
  sink.open();
  await listens(lines);
  expect(sink.isWanted, 'nobody reads').toBe(false);
  const first = readerOf(at);
  await hasConnections(sink, 1);
  expect(sink.isWanted).toBe(true);
  sink.push(Buffer.from('a'));
  clock.advance(GATHER_MS);
  const second = readerOf(at);
  await hasConnections(sink, 2);
  sink.push(Buffer.from('b'));
  clock.advance(GATHER_MS);
  await vi.waitFor(() => expect(first.frames.map(String)).toEqual(['a', 'b']), PATIENT);
  await vi.waitFor(() => expect(second.frames.map(String)).toEqual(['b']), PATIENT);
  first.hangUp();
  await hasConnections(sink, 1);
});

test('a program that does not read loses its own frames, and no others', async () => {
  const at = path();
  const { sink, clock, lines, counted } = makeSink({ path: at });
  sink.open();
  await listens(lines);
  const [slow, quick] = [readerOf(at), readerOf(at)];
  await hasConnections(sink, 2);
  slow.pause();
  // Each is sent at once, and all together are more than the queue, the way and the kernel hold.
  const count = 50;
  for (let i = 0; i < count; i++) {
    sink.push(Buffer.alloc(100_000));
    await vi.waitFor(() => expect(quick.frames).toHaveLength(i + 1), PATIENT);
  }
  expect(counted.full).toBeGreaterThan(0);
  slow.resume();
  await vi.waitFor(() => {
    clock.advance(GATHER_MS);
    expect(slow.frames).toHaveLength(count - counted.full);
  }, PATIENT);
});

test(`more than ${MAX_READERS} connections are closed, and those that are there stay`, async () => {
  const at = path();
  const { sink, lines } = makeSink({ path: at });
  sink.open();
  await listens(lines);
  for (let i = 0; i < MAX_READERS; i++) readerOf(at);
  await hasConnections(sink, MAX_READERS);
  const further = connect(at).resume();
  await once(further, 'close');
  expect(sink.connections).toBe(MAX_READERS);
  expect(lines.at(-1)).toMatch(/has 8 connections: further ones are closed/);
});

test('a connection that says nothing does not keep its place', async () => {
  const at = path();
  const { sink, clock, lines } = makeSink({ path: at });
  sink.open();
  await listens(lines);
  const silent = connect(at).resume();
  await once(silent, 'connect');
  const closed = once(silent, 'close');
  await vi.waitFor(async () => {
    clock.advance(10_000);
    expect(silent.closed).toBe(true);
  }, PATIENT);
  await closed;
  expect(sink.connections).toBe(0);
});

test('a socket that a killed process has left behind is replaced', async () => {
  const at = path();
  const program = `require('node:net').createServer().listen(${JSON.stringify(at)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', program]);
  expect(existsSync(at)).toBe(true);
  const { sink, lines } = makeSink({ path: at });
  sink.open();
  await listens(lines);
  readerOf(at);
  await hasConnections(sink, 1);
});

test('an address that another program has is tried again until it is free', async () => {
  const at = path();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(at, resolve));
  const { sink, clock, lines } = makeSink({ path: at });
  sink.open();
  await vi.waitFor(
    () =>
      expect(lines).toEqual([
        expect.stringMatching(
          /\[ERROR\] Failed to start dnstap listener on the address: .*another program listens there/,
        ),
      ]),
    PATIENT,
  );
  expect(existsSync(at), 'the socket of the other program is left alone').toBe(true);
  await new Promise((resolve) => other.close(resolve));
  await vi.waitFor(() => {
    clock.advance(RETRY_MS);
    expect(lines.at(-1)).toMatch(/listening for dnstap sinks/);
  }, PATIENT);
});

test.each<[string, ClientAuth, boolean, number]>([
  ['a program without a certificate, which needs none,', 'nocert', false, 1],
  ['a program without a certificate, which needs one,', 'require_and_verify', false, 0],
  ['a program with a certificate, which needs one,', 'require_and_verify', true, 1],
  ['a program without a certificate, which may show one,', 'verify_if_given', false, 1],
])('over TLS, %s is treated so', async (_, clientAuth, shows, connections) => {
  const credentials = { cert: SERVER_CERT, key: KEY, ca: CA_CERT, clientAuth };
  const { sink, lines } = makeSink({ address: '127.0.0.1', port: 0, credentials: () => credentials });
  sink.open();
  await listens(lines);
  const own = shows ? { cert: CLIENT_CERT, key: KEY } : {};
  const socket = connectTls({ host: '127.0.0.1', port: sink.port!, ca: CA_CERT, servername: 'dns.test', ...own });
  const reader = readTapAt(() => socket);
  onTestFinished(() => reader.close());
  await vi.waitFor(() => expect(sink.connections === 1 || socket.destroyed).toBe(true), PATIENT);
  expect(sink.connections).toBe(connections);
});
