import { describe, expect, test } from 'vitest';
import { makePlugin, parsePlugin } from '../../../test/support/plugin.ts';
import metadata from './index.ts';

describe('the zones of the labels', () => {
  test.each([
    ['metadata', ['example.org.']],
    ['metadata Cluster.local 10.0.0.0/8', ['cluster.local.', '10.in-addr.arpa.']],
    ['metadata a.test\nmetadata b.test', ['a.test.', 'b.test.']],
  ])('%j', (body, labelled) => {
    expect(metadata.settings!(parsePlugin(metadata, body, ['example.org.']))).toEqual({ labelled });
  });
});

test('it does nothing to a query', () => {
  expect(makePlugin(metadata, 'metadata').plugin).toEqual({});
});

test.each([
  ['metadata a..b', 'Corefile:1:10 - Error during parsing: zone is not a valid domain name'],
  ['metadata {\n x\n}', "Corefile:1:1 - Error during parsing: Unexpected token '{', expecting argument"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(metadata, body)).toThrow(message);
});
