import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fakeClock } from '../../test/support/clock.ts';
import { watchFile } from './watched-file.ts';

let directory: string;
let path: string;
let modified: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cairn-'));
  path = join(directory, 'file');
  modified = 1_700_000_000;
});
afterEach(() => rm(directory, { recursive: true }));

/** Writes the file with a modification time of its own, however fast the test runs. */
async function write(text: string): Promise<void> {
  await writeFile(path, text);
  await utimes(path, modified, modified++);
}

function setUp(intervalMs = 5000) {
  const clock = fakeClock();
  const seen: string[] = [];
  const file = watchFile({
    path,
    clock,
    intervalMs,
    maxOctets: 10,
    changed(text) {
      if (text === 'bad') throw new Error('bad text');
      seen.push(text);
    },
    problem: (message) => seen.push(`! ${message.replaceAll(path, 'FILE')}`),
  });
  return { clock, file, seen };
}

test('the file is read at first and when it changed', async () => {
  const { clock, file, seen } = setUp();
  await write('one');
  await file.check();
  await file.check();
  expect(seen).toEqual(['one']);
  await write('two');
  clock.advance(4999);
  await file.check();
  expect(seen).toEqual(['one', 'two']);
});

test('a file that goes away twice is a problem twice, though it was the same in between', async () => {
  const { file, seen } = setUp();
  await write('one');
  await file.check();
  for (const [from, to] of [
    [path, `${path}.away`],
    [`${path}.away`, path],
    [path, `${path}.away`],
  ] as const) {
    await rename(from, to);
    await file.check();
  }
  const missing = "! ENOENT: no such file or directory, stat 'FILE'";
  expect(seen).toEqual(['one', missing, missing]);
});

test('the clock makes it look', async () => {
  const { clock, file, seen } = setUp();
  await write('one');
  await file.check();
  await write('two');
  clock.advance(5000);
  const joined = file.check();
  expect(file.check()).toBe(joined);
  await joined;
  expect(seen).toEqual(['one', 'two']);
});

test('without an interval there is no timer', async () => {
  const { clock, file } = setUp(0);
  await file.check();
  expect(clock.timers).toBe(0);
});

test('a problem is reported once, until the file was good again', async () => {
  const { file, seen } = setUp();
  await file.check();
  await file.check();
  await write('bad');
  await file.check();
  await file.check();
  await write('longer than 10');
  await file.check();
  await write('good');
  await file.check();
  await rm(path);
  await file.check();
  expect(seen).toEqual([
    "! ENOENT: no such file or directory, stat 'FILE'",
    '! bad text',
    '! FILE has 14 octets, expecting at most 10',
    'good',
    "! ENOENT: no such file or directory, stat 'FILE'",
  ]);
});

test('a directory is not a file', async () => {
  path = directory;
  const { file, seen } = setUp();
  await file.check();
  expect(seen).toEqual(['! FILE is a folder, expecting a regular file']);
});

test('nothing is sent after the end', async () => {
  const { clock, file, seen } = setUp();
  await write('one');
  const check = file.check();
  file.stop();
  await check;
  expect(seen).toEqual([]);
  expect(clock.timers).toBe(0);
});

test('what is wrong with the present text stays known, and what was wrong with the file does not', async () => {
  const { clock, file } = setUp();
  expect([file.problem, file.lookedAtMs]).toEqual([undefined, undefined]);
  await file.check();
  expect(file.problem).toMatch(/ENOENT/);
  await write('bad');
  clock.advance(5000);
  await file.check();
  expect([file.problem, file.lookedAtMs]).toEqual(['bad text', 5000]);
  clock.advance(5000);
  await file.check();
  expect([file.problem, file.lookedAtMs]).toEqual(['bad text', 10_000]);
  await write('good');
  await file.check();
  expect(file.problem).toBeUndefined();
});
