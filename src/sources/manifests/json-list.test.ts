import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findItems, type JsonList } from './json-list.ts';

function found(text: string): JsonList | undefined {
  const steps = findItems(Buffer.from(text));
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

const itemsIn = (text: string, { items }: JsonList) =>
  items.map(({ start, end }) => JSON.parse(Buffer.from(text).toString('utf8', start, end)) as unknown);

test('the objects of any list are found, however it is printed', () => {
  const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }));
  const list = fc.tuple(fc.array(object), fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), fc.boolean());
  fc.assert(
    fc.property(list, fc.constantFrom(0, 1, 4, '\t'), ([items, rest, isFirst], indent) => {
      const { items: _, ...others } = rest;
      const value = isFirst ? { items, ...others } : { ...others, items };
      const text = JSON.stringify(value, null, indent);
      const list = found(text)!;
      expect(itemsIn(text, list)).toEqual(JSON.parse(JSON.stringify(items)));
      expect(JSON.parse(list.frame)).toEqual(JSON.parse(JSON.stringify({ ...others, items: [] })));
      for (const { start, linesBefore, columnsBefore } of list.items) {
        const before = Buffer.from(text).subarray(0, start);
        expect(linesBefore).toBe(before.filter((octet) => octet === 10).length);
        expect(columnsBefore).toBe(before.length - (before.lastIndexOf('\n') + 1));
      }
    }),
  );
});

test('a text is scanned in steps', () => {
  const text = JSON.stringify({ items: Array.from({ length: 20_000 }, (_, i) => ({ name: `${i}`.repeat(10) })) });
  expect([...findItems(Buffer.from(text))].length).toBeGreaterThan(text.length / (256 * 1024));
});

test.each([
  '',
  '{}',
  '[]',
  '[{"items":[]}]',
  '{"items":{}}',
  '{"items":[1]}',
  '{"items":["a"]}',
  '{"items":[[]]}',
  '{"items":[null]}',
  '{"items":[{}{}]}',
  '{"items":[{},]}',
  '{"items":[,{}]}',
  '{"items":[{},,{}]}',
  '{"items":[{} x {}]}',
  '{"items":[{}]',
  '{"items":[{}]}}',
  '{"items":[{}]}{"items":[]}',
  '{"items":[{}],"items":[{}]}',
  '{"items":[{"a":"}]',
  '{"spec":{"items":[{}]}}',
])('%s is left whole', (text) => {
  expect(found(text)).toBeUndefined();
});
