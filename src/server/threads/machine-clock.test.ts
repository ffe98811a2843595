import { expect, test } from 'vitest';
import { aheadOfMachineMs } from './machine-clock.ts';

test('two scales of one clock differ by a constant, even if a thread has to wait now and then', () => {
  const behind = () => performance.now() - 5000;
  let readings = 0;
  const interrupted = () => {
    const nowMs = behind();
    for (const endMs = performance.now() + 3; readings % 3 === 0 && performance.now() < endMs; );
    readings++;
    return nowMs;
  };
  const difference = aheadOfMachineMs(() => performance.now()) - aheadOfMachineMs(interrupted);
  expect(Math.abs(difference - 5000)).toBeLessThan(1);
});
