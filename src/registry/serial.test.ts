import { expect, test, vi } from 'vitest';
import { fakeClock } from '../../test/support/clock.ts';
import { Serial } from './serial.ts';

const START_S = Date.UTC(2026, 0, 1) / 1000;

test('it is the time of its making, then of the last change', () => {
  const clock = fakeClock();
  const serial = new Serial(clock);
  clock.advance(10_000);
  expect(serial.value).toBe(START_S);
  serial.move();
  clock.advance(10_000);
  expect(serial.value).toBe(START_S + 10);
});

test('it differs for two changes within a second', () => {
  const serial = new Serial(fakeClock());
  expect(serial.value).toBe(START_S);
  serial.move();
  expect(serial.value).toBe(START_S + 1);
  serial.move();
  expect(serial.value).toBe(START_S + 2);
});

test('it never runs back with the clock', () => {
  let nowS = START_S;
  const serial = new Serial({ ...fakeClock(), now: () => nowS * 1000 });
  expect(serial.value).toBe(START_S);
  nowS -= 3600;
  serial.move();
  expect(serial.value).toBe(START_S + 1);
});

test('it does not run ahead while nothing reads it', () => {
  const serial = new Serial(fakeClock());
  for (let i = 0; i < 1000; i++) serial.move();
  expect(serial.value).toBe(START_S);
});

test('it does not run ahead of the clock however often it is read, except for those who know the state by it', () => {
  const clock = fakeClock();
  const serial = new Serial(clock);
  const moved = () => {
    serial.move();
    return serial.value - START_S;
  };
  expect(serial.value).toBe(START_S);
  expect([moved(), moved(), moved(), moved(), moved(), moved(), moved()]).toEqual([1, 2, 3, 4, 5, 5, 5]);
  expect(serial.unique() - START_S).toBe(6);
  expect(serial.unique() - START_S).toBe(6);
  clock.advance(3000);
  expect([moved(), moved(), moved()]).toEqual([7, 8, 8]);
  clock.advance(60_000);
  expect(serial.value - START_S).toBe(9);
  expect(moved()).toBe(63);
});

test('it says until when a serial that lags behind the changes stays', () => {
  const clock = fakeClock();
  const serial = new Serial(clock);
  const now = clock.monotonic();
  expect(serial.value).toBe(START_S);
  expect(serial.holdsUntilMs).toBe(Number.POSITIVE_INFINITY);
  for (let count = 0; count < 7; count++) {
    serial.move();
    expect(serial.value).toBe(START_S + Math.min(count + 1, 5));
  }
  expect(serial.holdsUntilMs).toBe(now + 1000);
  clock.advance(999);
  expect(serial.value).toBe(START_S + 5);
  clock.advance(1);
  expect(serial.value).toBe(START_S + 6);
  expect(serial.holdsUntilMs).toBe(Number.POSITIVE_INFINITY);
});

test('the end it tells is that of the serial read last, even if that has just ended', () => {
  const clock = fakeClock();
  const serial = new Serial(clock);
  const now = clock.monotonic();
  for (let count = 0; count < 7; count++) {
    expect(serial.value).toBe(START_S + Math.min(count, 5));
    serial.move();
  }
  expect(serial.value).toBe(START_S + 5);
  clock.advance(1000);
  expect(serial.holdsUntilMs).toBe(now + 1000);
});

test('a serial stays as long as it told, whatever the two scales of the clock do between', () => {
  const fake = fakeClock();
  let passedMs = 0;
  // The wall clock gives whole milliseconds, the monotonic one does not, and NTP sets the first one.
  let setMs = 0;
  const clock = {
    ...fake,
    now: () => Math.floor(fake.now() + passedMs) + setMs,
    monotonic: () => fake.monotonic() + passedMs,
  };
  passedMs = 0.7;
  const serial = new Serial(clock);
  for (let count = 0; count < 7; count++) {
    expect(serial.value).toBe(START_S + Math.min(count, 5));
    serial.move();
  }
  const until = serial.holdsUntilMs;
  const left = until - clock.monotonic();
  expect(left).toBeGreaterThan(999);
  passedMs += left - 0.01;
  expect(serial.value).toBe(START_S + 5);
  setMs = 3_600_000;
  expect(serial.value).toBe(START_S + 5);
  expect(serial.holdsUntilMs).toBe(until);
  passedMs += 0.01;
  expect(serial.value).toBe(START_S + 6);
});

test('it starts behind a floor', () => {
  expect(new Serial(fakeClock(), START_S + 5).value).toBe(START_S + 6);
});

test('listeners hear of changes until they are taken away', () => {
  const serial = new Serial(fakeClock());
  const listener = vi.fn();
  const stop = serial.onMove(listener);
  serial.move();
  stop();
  serial.move();
  expect(listener).toHaveBeenCalledTimes(1);
});
