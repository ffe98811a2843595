import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryMessage, arbitraryRecord, recordTypes } from '../../../test/support/arbitrary-message.ts';
import { addresses } from '../../../test/support/large-messages.ts';
import type { Message } from '../message.ts';
import { parseRecord, printRecord } from '../presentation.ts';
import { decodeMessage } from './decode.ts';
import { encodeMessage, MAX_MESSAGE_OCTETS } from './encode.ts';
import { WireError } from './error.ts';

const settings = { seed: 1, numRuns: 300 };

/** What a peer's octets come to: a message, or the one error that they may cause. */
function decoded(octets: Uint8Array): Message | 'malformed' {
  try {
    return decodeMessage(octets);
  } catch (thrown) {
    if (thrown instanceof WireError) return 'malformed';
    throw thrown;
  }
}

test.each(recordTypes.map((type) => [type.mnemonic, type] as const))(
  'a record of type %s survives the wire and the zone file',
  (_, type) => {
    const empty = { ...decodeMessage(Buffer.alloc(12)), rcode: 0 };
    fc.assert(
      fc.property(arbitraryRecord(type), (record) => {
        expect(decodeMessage(encodeMessage({ ...empty, answer: [record] })).answer).toEqual([record]);
        if (record.class !== 255) expect(parseRecord(printRecord(record))).toEqual(record);
      }),
      { ...settings, numRuns: 100 },
    );
  },
);

test('a message survives the wire', () => {
  fc.assert(
    fc.property(arbitraryMessage(), (message) => {
      expect(decodeMessage(encodeMessage(message))).toEqual(message);
    }),
    settings,
  );
});

test('a decoded message does not change with the octets that it was read from', () => {
  fc.assert(
    fc.property(arbitraryMessage(), (message) => {
      const octets = encodeMessage(message);
      const read = decodeMessage(octets);
      octets.fill(0xff);
      expect(read).toEqual(message);
    }),
    settings,
  );
});

test('any octets are a message or malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => void decoded(octets)),
    { ...settings, numRuns: 2000 },
  );
});

test('any octets behind a plausible header are a message or malformed', () => {
  const header = fc.tuple(fc.nat(2), fc.nat(3), fc.nat(3), fc.nat(3));
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 120 }), (counts, body) => {
      decoded(Uint8Array.from([0, 1, 0, 0, ...counts.flatMap((count) => [0, count]), ...body]));
    }),
    { ...settings, numRuns: 2000 },
  );
});

test('a message with some octets changed, or its end cut off, is a message or malformed', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(arbitraryMessage(3), changes, fc.option(fc.nat()), (message, changed, cut) => {
      const octets = encodeMessage(message);
      for (const [at, value] of changed) octets[at % octets.length] = value;
      decoded(cut === null ? octets : octets.subarray(0, cut % octets.length));
    }),
    { ...settings, numRuns: 1000 },
  );
});

test('what was read from changed octets can be written again and reads the same', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(arbitraryMessage(2), changes, (message, changed) => {
      const octets = encodeMessage(message);
      for (const [at, value] of changed) octets[at % octets.length] = value;
      const read = decoded(octets);
      if (read !== 'malformed') expect(decodeMessage(encodeMessage(read))).toEqual(read);
    }),
    { ...settings, numRuns: 1000 },
  );
});

/** 64 KiB of records, of which every name is the longest chain of pointers that fits before it. */
function pointerChains(): Uint8Array {
  const octets = Buffer.alloc(MAX_MESSAGE_OCTETS);
  octets.writeUInt16BE(1, 4);
  let at = 12;
  octets.write('\x01a\0', at, 'latin1');
  at += 3 + 4;
  // One record of an unknown type whose rdata is pointers, each to the one before it.
  const rdata = at + 11;
  let target = 12;
  octets.writeUInt16BE(65280, at + 1);
  octets.writeUInt16BE(0x3ff0 - rdata - (rdata % 2), at + 9);
  const end = 0x3ff0 - (rdata % 2);
  for (at = rdata; at + 2 <= end; at += 2) {
    octets.writeUInt16BE(0xc000 | target, at);
    target = at;
  }
  at = end;
  let count = 1;
  for (; at + 12 <= octets.length; at += 12, count++) octets.writeUInt16BE(0xc000 | target, at);
  octets.writeUInt16BE(count, 6);
  return octets;
}

/** What something takes on a machine that may have other things to do meanwhile. */
function leastMs(run: () => void): number {
  const times = Array.from({ length: 10 }, () => {
    const startMs = performance.now();
    run();
    return performance.now() - startMs;
  });
  return Math.min(...times);
}

test('chains of compression pointers cost little', () => {
  const chains = pointerChains();
  expect(decoded(chains)).toBe('malformed');
  expect(leastMs(() => decoded(chains))).toBeLessThan(10 * leastMs(() => decoded(addresses())));
});
