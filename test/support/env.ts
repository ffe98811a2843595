export * from '../../src/plugin/testing/env.ts';
