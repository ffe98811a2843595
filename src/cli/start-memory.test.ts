import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

/** In a process of its own, as it is about the memory of a process. */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { releaseStartMemory } from '${resolve(import.meta.dirname, 'start-memory.ts')}';
const files = () => Number(/^RssFile:\\s+(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
await import('koffi');
const before = files();
await releaseStartMemory();
const after = files();
const works = JSON.stringify(Array.from({ length: 10_000 }, (_, i) => /(\\d)\\1/.exec(String(i))?.[0])).length > 0;
console.log(JSON.stringify({ share: after / before, works }));
`;

test.runIf(process.platform === 'linux')('pages of the program that only the start has needed are given back', () => {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM], { encoding: 'utf8' });
  const { share, works } = JSON.parse(output);
  expect(share).toBeLessThan(0.7);
  expect(works).toBe(true);
});
