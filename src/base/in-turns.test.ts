import { expect, test } from 'vitest';
import { turnsDuring } from '../../test/support/turns.ts';
import { inTurns } from './in-turns.ts';

function* long(steps: number): Generator<void, string> {
  for (let i = 0; i < steps; i++) {
    for (const endMs = performance.now() + 2; performance.now() < endMs; );
    yield;
  }
  return 'done';
}

test('others have their turn during long work, whose result comes in the end', async () => {
  const { turns, result } = await turnsDuring(() => inTurns(long(20)));
  expect(result).toBe('done');
  expect(turns).toBeGreaterThan(2);
});

test('what a step throws ends the work', async () => {
  const steps = (function* (): Generator<void, void> {
    yield;
    throw new Error('broken');
  })();
  await expect(inTurns(steps)).rejects.toThrow('broken');
});
