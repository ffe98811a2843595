export * from '../../src/plugin/testing/directive.ts';
