export * from '../../src/plugin/testing/clock.ts';
