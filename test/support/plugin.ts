export * from '../../src/plugin/testing/plugin.ts';
