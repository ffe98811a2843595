import { defineConfig } from 'vitest/config';

/** What runs against a real cluster: `KUBECONFIG=FILE npm run test:cluster` (docs/cluster.md). */
export default defineConfig({
  test: {
    include: ['test/cluster/*.cluster.ts'],
    testTimeout: 60_000,
    pool: 'forks',
  },
});
