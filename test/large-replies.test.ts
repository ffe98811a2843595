import { expect, onTestFinished, test, vi } from 'vitest';
import type { Sections } from '../src/dns/message.ts';
import { decodeMessage } from '../src/dns/wire/decode.ts';
import { readResponse } from '../src/dns/wire/response.ts';
import { dnsResponse } from '../src/net/https/https-exchange.ts';
import type { Handler } from '../src/plugin/plugin.ts';
import { type Reply, replyWith } from '../src/plugin/reply.ts';
import cache from '../src/plugins/cache/index.ts';
import header from '../src/plugins/header/index.ts';
import loadbalance from '../src/plugins/loadbalance/index.ts';
import { encodeReply } from '../src/server/answer/reply-message.ts';
import { addresses, chainedNames, longTails, texts, wholeNames } from './support/large-messages.ts';
import { makePlugin } from './support/plugin.ts';
import { type TestQueryOptions, testQuery } from './support/query.ts';

const SPEECH = { transport: 'dns', idleMs: 10_000 } as const;

/** A chain as clusters have it, before an upstream that gives this response. */
function chainBefore(octets: Buffer): (name: string, type: string, options: TestQueryOptions) => Promise<Buffer> {
  let handler: Handler = () => replyWith('forward', { ra: true }, readResponse(octets).records);
  for (const [plugin, body] of [
    [header, 'header {\nresponse set ra\n}'],
    [cache, 'cache 30'],
    [loadbalance, 'loadbalance'],
  ] as const) {
    handler = makePlugin(plugin, body).plugin.wrap!(handler);
  }
  return async (name, type, options) => {
    const query = testQuery(`${name} ${type}`, options);
    return encodeReply(query, (await handler(query)) as Reply, { recursion: true }, SPEECH);
  };
}

/** How many octets are made text meanwhile: those of each name, where records are decoded. */
async function textMade(run: () => Promise<unknown>): Promise<number> {
  const spy = vi.spyOn(Buffer.prototype, 'toString');
  onTestFinished(() => spy.mockRestore());
  await run();
  const made = spy.mock.calls.reduce((sum, [, from, to]) => sum + (Number(to) - Number(from) || 0), 0);
  spy.mockRestore();
  return made;
}

const print = ({ answer, authority, additional }: Sections) =>
  [answer, authority, additional].map((records) =>
    records.map((record) => JSON.stringify({ ...record, ttl: 0 })).sort(),
  );

test.each([
  ['NS', chainedNames()],
  ['NS', longTails()],
  ['NS', wholeNames()],
  ['TXT', texts()],
  ['A', addresses()],
] as const)(
  '%s records in a response of 58 KB are decoded neither when it comes, nor out of the cache',
  async (type, octets) => {
    const ask = chainBefore(octets);
    const whole = decodeMessage(octets);
    for (const _ of ['a miss', 'a hit']) {
      let reply = Buffer.alloc(0) as Buffer;
      const made = await textMade(async () => {
        reply = await ask('big.example.org.', type, { protocol: 'tcp' });
      });
      expect(made).toBeLessThan(1000);
      expect(await textMade(async () => dnsResponse(reply))).toBeLessThan(1000);
      expect(print(decodeMessage(reply))).toEqual(print(whole));
      const cut = await textMade(async () => {
        reply = await ask('big.example.org.', type, { edns: { udpSize: 1232 } });
      });
      expect(cut).toBeLessThan(1000);
      expect(reply.length).toBeLessThanOrEqual(1232);
      expect(decodeMessage(reply).tc).toBe(true);
    }
  },
);
