import { defineConfig } from 'vitest/config';

/** What runs with a Kubernetes control plane of its own: `npm run test:control-plane` (docs/architecture.md). */
export default defineConfig({
  test: {
    include: ['test/control-plane/*.plane.ts'],
    globalSetup: 'test/control-plane/setup.ts',
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // Most of the time is waiting; each test has a control plane.
    maxWorkers: 2,
    maxConcurrency: 4,
  },
});
