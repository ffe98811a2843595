import { test as anyTest, expect, inject, type TestContext, vi } from 'vitest';
import type { Cairn } from './cairn.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { rights } from './rights.ts';
import './setup.ts';

const binaries = inject('binaries');

/** A test that is left out where there can be no control plane. */
export const test = anyTest.runIf(binaries !== undefined);

/** A control plane with the rights of deploy/base, until the test is over. */
export async function openControlPlane(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  flags: readonly string[] = [],
): Promise<ControlPlane> {
  const plane = await startControlPlane(binaries!, flags);
  onTestFinished(() => plane.stop(), 60_000);
  for (const object of rights) await plane.api.create(object);
  return plane;
}

/** Long enough for the longest pause between two attempts, and a slow machine. */
const PATIENT = { timeout: 90_000, interval: 200 };

/** Waits until `get` gives what is expected, and says how long that took, in milliseconds. */
export async function until<T>(get: () => T | Promise<T>, expected: T, options = PATIENT): Promise<number> {
  const startMs = performance.now();
  await vi.waitFor(async () => expect(await get()).toEqual(expected), options);
  return performance.now() - startMs;
}

/** Waits until Cairn has printed something. */
export async function untilLogged({ log }: Cairn, text: RegExp): Promise<void> {
  await vi.waitFor(() => expect(log()).toMatch(text), PATIENT);
}
