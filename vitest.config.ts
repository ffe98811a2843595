import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { PATIENT } from './test/support/patience.ts';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Projects of their own.
    exclude: ['test/package/**'],
    // More than one wait fits in.
    testTimeout: 2 * PATIENT.timeout,
    hookTimeout: 2 * PATIENT.timeout,
    expect: { poll: PATIENT },
    pool: 'forks',
    // Most of the time of many tests is waiting.
    maxWorkers: '100%',
    // The command, which many tests start, need not be compiled each time.
    env: { NODE_COMPILE_CACHE: resolve(import.meta.dirname, 'node_modules/.cache/node-compile') },
  },
});
