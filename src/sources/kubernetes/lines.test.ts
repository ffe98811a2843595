import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitLines } from './lines.ts';

async function split(chunks: readonly Buffer[], maxBytes?: number) {
  const bad: string[] = [];
  const lines: string[] = [];
  const stream = (async function* () {
    yield* chunks;
  })();
  for await (const line of splitLines(stream, (why) => bad.push(why), maxBytes)) lines.push(line);
  return { lines, bad };
}

test.each([
  [['a\nb\n'], ['a', 'b'], []],
  [['a', '\n', 'b\nc', 'd\n'], ['a', 'b', 'cd'], []],
  [['a\n\nb\n'], ['a', '', 'b'], []],
  [['a\nb'], ['a'], ['cut-off']],
  [['12345678\nb\n'], ['12345678', 'b'], []],
  [['123456789\nb\n'], ['b'], ['too-long']],
  [['12345', '6789', '0\nb\n'], ['b'], ['too-long']],
  [['12345', '67890'], [], ['cut-off']],
  [[], [], []],
])('%j: lines %j, and %j', async (chunks, lines, bad) => {
  expect(
    await split(
      chunks.map((chunk) => Buffer.from(chunk)),
      8,
    ),
  ).toEqual({ lines, bad });
});

test('where the stream is cut makes no difference, not even within a character', async () => {
  const text = fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', '')));
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(50)), async (lines, cuts) => {
      let rest = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const chunks: Buffer[] = [];
      for (const cut of cuts) {
        chunks.push(rest.subarray(0, cut));
        rest = rest.subarray(cut);
      }
      expect(await split([...chunks, rest])).toEqual({ lines, bad: [] });
    }),
  );
});
