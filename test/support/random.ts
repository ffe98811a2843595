export * from '../../src/plugin/testing/random.ts';
