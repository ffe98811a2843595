export * from '../../src/plugin/testing/chain.ts';
