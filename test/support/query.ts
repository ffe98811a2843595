export * from '../../src/plugin/testing/query.ts';
