import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../test/support/tools.ts';

/** Prints how large the young generation is, both halves, in MiB: at the start, after a time without load, and under load. */
const PROGRAM = `
import { getHeapSpaceStatistics } from 'node:v8';
import { keepHeapSmall } from './heap.ts';
const sizes = [];
const show = () => sizes.push(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size / 2 ** 20);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const load = async () => {
  const inFlight = [];
  for (let turn = 0; turn < 300; turn++) {
    for (let i = 0; i < 500; i++) inFlight.push(new Array(64).fill(i));
    if (inFlight.length > 2000) inFlight.splice(0, 1000);
    await pause(0);
  }
};
keepHeapSmall();
await load();
show();
globalThis.gc({ type: 'major', flavor: 'last-resort' });
await pause(10);
show();
await load();
show();
console.log(sizes.join(' '));
`;

test('the young generation is of one size under load, also after a time without', async () => {
  const args = [
    '--expose-gc',
    '--input-type=module',
    '--eval',
    PROGRAM.replace('./heap.ts', resolve(import.meta.dirname, 'heap.ts')),
  ];
  const { stdout, stderr } = await run(process.execPath, args);
  const [first, idle, again] = stdout.split(' ').map(Number);
  expect(stderr).toBe('');
  expect(first).toBe(8);
  expect(idle).toBeLessThan(8);
  // It may be a step late that it is told to stop.
  expect([8, 16]).toContain(again);
});
