import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readList } from './list-reader.ts';

async function read(text: string, cuts: readonly number[] = [], maxBytes?: number) {
  const items: string[] = [];
  let tooLong = 0;
  const chunks = (async function* () {
    let rest = Buffer.from(text);
    for (const cut of cuts) {
      yield rest.subarray(0, cut);
      rest = rest.subarray(cut);
    }
    yield rest;
  })();
  const envelope = await readList(
    chunks,
    (item) => items.push(item),
    () => tooLong++,
    maxBytes,
  );
  return { ...envelope, items, ...(tooLong > 0 && { tooLong }) };
}

const META = '"metadata":{"resourceVersion":"7","continue":"abc"}';
const found = { version: '7', next: 'abc' };

test.each([
  [`{${META},"items":[{"a":1},{"b":[{}]}]}`, { ...found, items: ['{"a":1}', '{"b":[{}]}'] }],
  [`{"items": [ {"a":1} , {"b":2} ], ${META} }\n`, { ...found, items: ['{"a":1}', '{"b":2}'] }],
  [`{${META},"items":[]}`, { ...found, items: [] }],
  [`{${META},"items":null}`, { ...found, items: [] }],
  [`{${META},"items":[{"s":"}]\\"{["}]}`, { ...found, items: ['{"s":"}]\\"{["}'] }],
  [`{${META},"items":[{"items":[{"x":1}]}]}`, { ...found, items: ['{"items":[{"x":1}]}'] }],
  [`{${META},"other":[{"x":1}],"items":[{"a":1}]}`, { ...found, items: ['{"a":1}'] }],
  [`{${META},"kind":"items","items":[{"a":1}]}`, { ...found, items: ['{"a":1}'] }],
  ['{"items":[{"a":1}]}', { version: undefined, next: '', items: ['{"a":1}'] }],
  ['{"metadata":{"resourceVersion":7,"continue":8},"items":[]}', { version: undefined, next: '', items: [] }],
])('%s', async (text, expected) => {
  expect(await read(text)).toEqual(expected);
});

test('an item that is too long is left out, the others are not', async () => {
  const text = `{${META},"items":[{"a":1},{"b":"${'x'.repeat(50)}"},{"c":3}]}`;
  expect(await read(text, [], 40)).toEqual({ ...found, items: ['{"a":1}', '{"c":3}'], tooLong: 1 });
});

describe('responses that are not lists', () => {
  test.each([
    ['', 'is not JSON, or was cut off'],
    ['{"items":[{"a":1},', 'is not JSON, or was cut off'],
    ['{"items":[{"a":', 'is not JSON, or was cut off'],
    ['<html>', 'is not JSON, or was cut off'],
    ['[]', 'is not a list'],
    ['null', 'is not a list'],
    ['{}', 'is not a list'],
    ['{"items":{"a":1}}', 'is not a list'],
  ])('%j', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });
});

test('where the text is cut makes no difference', async () => {
  const items = fc.array(fc.dictionary(fc.string(), fc.json({ maxDepth: 2 })));
  await fc.assert(
    fc.asyncProperty(items, fc.array(fc.nat(40)), async (list, cuts) => {
      const text = JSON.stringify({ kind: 'ServiceList', metadata: { resourceVersion: '7' }, items: list });
      const expected = { version: '7', next: '', items: list.map((item) => JSON.stringify(item)) };
      expect(await read(text, cuts)).toEqual(expected);
    }),
  );
});
