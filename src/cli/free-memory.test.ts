import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

/** Programs run in processes of their own, as they are about the memory of a process. */
const COMMON = `
import { readFileSync } from 'node:fs';
import { releaseFreeMemory, releaseStartMemory, TRIM_MS } from '${resolve(import.meta.dirname, 'free-memory.ts')}';
const resident = (kind) => Number(new RegExp('^Rss' + kind + ':\\\\s+(\\\\d+) kB$', 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]);
const { default: koffi } = await import('koffi');
`;

const START = `${COMMON}
let list = Array.from({ length: 300_000 }, (_, i) => ({ name: 'object-' + i }));
const before = { files: resident('File'), own: resident('Anon') };
list = undefined;
await releaseStartMemory();
const after = { files: resident('File'), own: resident('Anon') };
const works = JSON.stringify(Array.from({ length: 10_000 }, (_, i) => /(\\d)\\1/.exec(String(i))?.[0])).length > 0;
console.log(JSON.stringify({ files: after.files / before.files, own: after.own / before.own, works, hasGc: 'gc' in globalThis }));
`;

test.runIf(process.platform === 'linux')(
  'pages of the program and garbage that only the start has needed are given back',
  () => {
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', START], { encoding: 'utf8' });
    const { files, own, works, hasGc } = JSON.parse(output);
    expect(files).toBeLessThan(0.7);
    expect(own).toBeLessThan(0.7);
    expect(works).toBe(true);
    expect(hasGc).toBe(false);
  },
);

/** The last block is at the end of the heap, so malloc gives nothing back by itself. */
const FREE = `${COMMON}
import { mock } from 'node:test';
mock.timers.enable({ apis: ['setInterval'] });
await releaseFreeMemory();
const libc = koffi.load(null);
const [malloc, memset, free] = ['uint64_t malloc(uint64_t)', 'void memset(uint64_t, int, uint64_t)', 'void free(uint64_t)'].map((text) => libc.func(text));
const blocks = Array.from({ length: 20_000 }, () => malloc(4000));
for (const block of blocks) memset(block, 1, 4000);
for (const block of blocks.slice(0, -1)) free(block);
const before = resident('Anon');
mock.timers.tick(TRIM_MS);
const after = resident('Anon');
console.log(JSON.stringify({ share: after / before, hasGlibc: process.report.getReport().header.glibcVersionRuntime !== undefined }));
`;

test.runIf(process.platform === 'linux')('once a minute, memory that malloc keeps is given back', () => {
  const words = ['--input-type=module', '-e', FREE];
  const { share, hasGlibc } = JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' }));
  if (hasGlibc) expect(share).toBeLessThan(0.8);
  else expect(share).toBeLessThan(1.1);
});

const NO_PROC = `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
await import('koffi');
const read = fs.readFileSync;
fs.readFileSync = (path, ...rest) => {
  if (String(path).startsWith('/proc/')) throw new Error('there is no ' + path);
  return read(path, ...rest);
};
syncBuiltinESMExports();
const { releaseStartMemory } = await import('${resolve(import.meta.dirname, 'free-memory.ts')}');
await releaseStartMemory();
console.log('started');
`;

test('a system that does not tell its mappings does not keep the server from starting', () => {
  const words = ['--input-type=module', '-e', NO_PROC];
  expect(execFileSync(process.execPath, words, { encoding: 'utf8' })).toBe('started\n');
});
