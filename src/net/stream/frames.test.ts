import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFrames, frame } from './frames.ts';

function take(chunks: Iterable<Uint8Array>): string[] {
  const frames = createFrames();
  const messages: string[] = [];
  for (const chunk of chunks) {
    frames.push(Buffer.from(chunk));
    for (let message = frames.next(); message; message = frames.next()) messages.push(message.toString('hex'));
  }
  return messages;
}

test.each([
  ['one message', '0002abcd', ['abcd']],
  ['two messages', '0002abcd0001ef', ['abcd', 'ef']],
  ['an empty one', '00000001ef', ['', 'ef']],
  ['an unfinished one', '0003abcd', []],
  ['half a prefix', '0001ef00', ['ef']],
])('%s, in one piece or octet by octet', (_, stream, messages) => {
  const bytes = Buffer.from(stream, 'hex');
  expect(take([bytes])).toEqual(messages);
  expect(take([...bytes].map((octet) => Uint8Array.of(octet)))).toEqual(messages);
});

test('the messages are the same however the stream is cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(frame));
      const chunks: Buffer[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = cuts[i % cuts.length]!;
        chunks.push(stream.subarray(at, at + size));
        at += size;
      }
      expect(take(chunks)).toEqual(sent.map((message) => Buffer.from(message).toString('hex')));
    }),
    { seed: 1 },
  );
});

test('the largest message in a trickle of octets arrives', () => {
  const message = Buffer.alloc(65_535, 7);
  expect(take([...frame(message)].map((octet) => Uint8Array.of(octet)))).toEqual([message.toString('hex')]);
});

test.each([
  ['nothing', [], 0],
  ['a whole message', [frame(Buffer.alloc(60_000))], 0],
  ['half a message', [frame(Buffer.alloc(60_000)).subarray(0, 30_000)], 30_000],
  ['the first octet of a second message', [Buffer.concat([frame(Buffer.alloc(60_000)), Buffer.alloc(1)])], 1],
  ['a trickle of octets', Array.from({ length: 1000 }, () => Buffer.from([99])), 1000],
])('%s is kept in about as much memory as it has octets', (_, chunks, octets) => {
  const frames = createFrames();
  for (const chunk of chunks) {
    frames.push(Buffer.from(new Uint8Array(chunk).buffer));
    while (frames.next());
  }
  expect(frames.octets).toBeGreaterThanOrEqual(octets);
  expect(frames.octets).toBeLessThanOrEqual(2 * octets);
});
