import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import { EdnsOption } from '../../dns/message.ts';
import nsid from './index.ts';

const ASKS = { edns: { options: [{ code: EdnsOption.NSID, data: new Uint8Array() }] } };
const EDE = { code: EdnsOption.EDE, data: Uint8Array.of(0, 3) };

test.each([
  ['nsid', hostname()],
  ['nsid Use The Force', 'Use The Force'],
  ['nsid ä', 'ä'],
])('%j tells %s, beside other options', async (body, text) => {
  const { query } = inFrontOf(nsid, body, { ednsOptions: [EDE, { code: EdnsOption.NSID, data: Uint8Array.of(1) }] });
  const { ednsOptions } = await query('a.org. A', ASKS);
  expect(ednsOptions).toEqual([EDE, { code: EdnsOption.NSID, data: Buffer.from(text) }]);
});

test.each([
  ['no EDNS', {}],
  ['no such option', { edns: {} }],
])('a query with %s is not told', async (_, options) => {
  expect((await inFrontOf(nsid, 'nsid', {}).query('a.org. A', options)).ednsOptions).toBeUndefined();
});

test('may be used once', () => {
  expect(() => parsePlugin(nsid, 'nsid\nnsid x')).toThrow('this plugin can only be used once per Server Block');
});
