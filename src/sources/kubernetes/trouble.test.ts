import { expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { createLogger } from '../../observe/log.ts';
import { Trouble } from './trouble.ts';

function setUp() {
  const clock = fakeClock();
  const lines: string[] = [];
  const trouble = new Trouble('services', { clock, log: createLogger((_, line) => lines.push(line)) });
  return { clock, lines, trouble };
}

const REFUSED = '[WARNING] services: refused; the known data is served meanwhile';

test('a failure is logged when it begins and when the watch has worked for half a minute', () => {
  const { clock, lines, trouble } = setUp();
  for (let i = 0; i < 3; i++) {
    trouble.failed('refused', true);
    clock.advance(1500);
  }
  expect(lines).toEqual([REFUSED]);
  trouble.works();
  clock.advance(29_999);
  expect(lines).toEqual([REFUSED]);
  clock.advance(1);
  expect(lines).toEqual([REFUSED, '[INFO] services: watched again after 3 failures in 4.5 s']);
});

test('failures that come again before that are one trouble with the first; new ones are told once', () => {
  const { clock, lines, trouble } = setUp();
  for (let i = 0; i < 10; i++) {
    trouble.failed('refused', true);
    clock.advance(5000);
    trouble.works();
    trouble.works();
    clock.advance(5000);
  }
  trouble.failed('forbidden', true);
  trouble.works();
  clock.advance(60_000);
  expect(lines).toEqual([
    REFUSED,
    REFUSED.replace('refused', 'forbidden'),
    '[INFO] services: watched again after 11 failures in 100.0 s',
  ]);
});

test('after a trouble is over, the same failure is logged again', () => {
  const { clock, lines, trouble } = setUp();
  for (let i = 0; i < 2; i++) {
    trouble.failed('refused', true);
    trouble.works();
    clock.advance(30_000);
  }
  expect(lines.filter((line) => line === REFUSED)).toHaveLength(2);
});

test('before the first list, what a failure means is another thing, and nothing can be watched again', () => {
  const { clock, lines, trouble } = setUp();
  trouble.failed('refused', false);
  clock.advance(1000);
  trouble.works();
  clock.advance(30_000);
  expect(lines).toEqual([
    '[ERROR] services: refused; until it works, names that are not found are answered with SERVFAIL',
    '[INFO] services: listed after 1 failure in 1.0 s',
  ]);
});

test('a watch that is cut once and resumed has one line', () => {
  const { clock, lines, trouble } = setUp();
  trouble.cut('reset');
  trouble.works();
  clock.advance(30_000);
  expect(lines).toEqual(['[INFO] services: the watch was cut once and resumed at once: reset']);
});

test('a watch that is cut on and on has a line at the third cut, and one at the end', () => {
  const { clock, lines, trouble } = setUp();
  for (let i = 0; i < 100; i++) {
    trouble.cut('reset');
    trouble.works();
    clock.advance(10_000);
  }
  const warning =
    '[WARNING] services: the watch is cut again and again (3 times in 20.0 s), last: reset; it is resumed each time';
  expect(lines).toEqual([warning]);
  clock.advance(20_000);
  expect(lines).toEqual([
    warning,
    '[INFO] services: the watch was cut 100 times in 990.0 s and resumed at once: reset',
  ]);
});

test('a failure after a cut is logged like other failures', () => {
  const { clock, lines, trouble } = setUp();
  trouble.cut('reset');
  trouble.failed('refused', true);
  trouble.works();
  clock.advance(30_000);
  expect(lines).toEqual([REFUSED, '[INFO] services: watched again after 2 failures in 0.0 s']);
});

test('failures of one kind are logged once, whatever their texts', () => {
  const { lines, trouble } = setUp();
  for (const text of ['refused', 'reset', 'timed out']) trouble.failed(text, true, 'unreachable');
  expect(lines).toEqual([REFUSED]);
});

test('at most ten different failures of one trouble are logged', () => {
  const { lines, trouble } = setUp();
  for (let i = 0; i < 20; i++) trouble.failed(`port ${i}`, true);
  expect(lines).toHaveLength(10);
});

test('no timer is left behind', () => {
  const { clock, trouble } = setUp();
  trouble.cut('reset');
  trouble.works();
  trouble.stop();
  expect(clock.timers).toBe(0);
});
