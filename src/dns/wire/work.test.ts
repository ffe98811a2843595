import { expect, onTestFinished, test, vi } from 'vitest';
import {
  addresses,
  chainedNames,
  longTails,
  nameOctets,
  pointerTo,
  recordOctets,
  responseOctets,
  wholeNames,
} from '../../../test/support/large-messages.ts';
import { A, NS, rr, SOA, TXT } from '../rr.ts';
import { decodeMessage, HEADER_OCTETS } from './decode.ts';
import { encodeMessage } from './encode.ts';
import { headsOf } from './packed.ts';
import { readResponse } from './response.ts';

/** How often `run` calls a method, and the octets or characters that the calls name. */
function callsOf<T extends object>(
  owner: T,
  method: keyof T & string,
  run: () => void,
): { calls: number; span: number } {
  const spy = vi.spyOn(owner as Record<string, (...args: never[]) => unknown>, method);
  onTestFinished(() => spy.mockRestore());
  run();
  const span = spy.mock.calls.reduce((sum, [, from, to]) => sum + (Number(to) - Number(from) || 0), 0);
  const calls = spy.mock.calls.length;
  spy.mockRestore();
  return { calls, span };
}

const LARGE = [
  ['names one label longer than others', chainedNames()],
  ['names that share a long tail', longTails()],
  ['names with many labels', wholeNames()],
] as const;

test.each(LARGE)('decoding makes text of an octet once, with %s', (_, octets) => {
  const { span } = callsOf(Buffer.prototype, 'toString', () => decodeMessage(octets));
  expect(span).toBeLessThan(octets.length);
});

test('many names may lead to the end of one chain of pointers', () => {
  const first = HEADER_OCTETS + nameOctets('big.example.org').length + 4 + 2 + 10;
  const chain = Array.from({ length: 120 }, (_, i) => pointerTo(i === 0 ? HEADER_OCTETS : first + 2 * (i - 1)));
  const end = first + 2 * (chain.length - 1);
  const record = recordOctets(A.code, Buffer.of(10, 0, 0, 1), pointerTo(end));
  const records = [recordOctets(65280, Buffer.concat(chain)), ...Array.from({ length: 3000 }, () => record)];
  const { answer } = decodeMessage(responseOctets(A.code, [records, [], []]));
  expect(new Set(answer.map(({ name }) => name))).toEqual(new Set(['big.example.org.']));
});

test.each(LARGE)('compressing a name takes no strings for each of its labels, with %s', (_, octets) => {
  const message = decodeMessage(octets);
  let encoded: Buffer = Buffer.alloc(0);
  const { calls } = callsOf(String.prototype, 'slice', () => {
    encoded = encodeMessage(message);
  });
  expect(calls).toBeLessThanOrEqual(3 * message.answer.length);
  expect(decodeMessage(encoded)).toEqual(message);
  expect(encoded.length).toBeLessThanOrEqual(octets.length);
});

test('RRsets that are taken back leave the others pointing to what is there', () => {
  const message = decodeMessage(responseOctets(16, [[], [], []]));
  const additional = Array.from({ length: 500 }, (_, i) =>
    rr(TXT, `${i % 7}.host-${i}.zone-${i % 11}.example.net.`, 5, { texts: ['x'.repeat(i % 3 === 0 ? 200 : 2)] }),
  );
  const octets = encodeMessage({ ...message, additional }, 4096);
  const kept = decodeMessage(octets).additional;
  expect(kept.length).toBeGreaterThan(40);
  expect(additional).toEqual(expect.arrayContaining([...kept]));
});

const RUNS_IN_A_ROW = 5;
const MAX_RUNS = 5000;

/**
 * Whether the heap grows by less than `octets` in each of some runs in a row. The first runs make more, until V8 has compiled the code, which takes
 * longer on a busy machine; a collection makes the heap smaller.
 */
function comesToGrowByLess(octets: number, run: () => void): boolean {
  let inARow = 0;
  for (let runs = 0; runs < MAX_RUNS && inARow < RUNS_IN_A_ROW; runs++) {
    const before = process.memoryUsage().heapUsed;
    run();
    const growth = process.memoryUsage().heapUsed - before;
    inARow = growth >= 0 && growth < octets ? inARow + 1 : 0;
  }
  return inARow === RUNS_IN_A_ROW;
}

test('what plugins ask of thousands of packed records makes no object for each', () => {
  const octets = addresses();
  expect(headsOf(readResponse(octets).records).counts.answer).toBeGreaterThan(3000);
  const ask = () => {
    const heads = headsOf(readResponse(octets).records);
    heads.hasType('answer', NS.code);
    heads.hasType('authority', SOA.code);
    heads.smallestTtl((_, negative) => negative);
    heads.answers('www.example.org.', A.code);
    heads.withTtls((ttl) => Math.min(ttl, 30));
  };
  expect(comesToGrowByLess(8 * 3000, ask)).toBe(true);
});
