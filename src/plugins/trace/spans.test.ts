import { expect, test } from 'vitest';
import { fakeClock } from '../../plugin/testing/index.ts';
import { runStep, runUntraced, type Span, type SpanStart, Step } from './spans.ts';

/** Makes spans that write `PARENT > NAME` into a list when they end, and what else they say. */
function recorder() {
  const ended: string[] = [];
  const begin = ({ name, kind, atMs }: SpanStart, parent = ''): Span => ({
    traceId: 'trace',
    begin: (start) => begin(start, name),
    end: (endMs, attributes, error = '') =>
      ended.push([`${parent} > ${name}`, kind, endMs - atMs, JSON.stringify(attributes), error].join(' ').trim()),
  });
  return { ended, begin: (start: SpanStart) => begin(start) };
}

function traced() {
  const clock = fakeClock();
  const { ended, begin } = recorder();
  return { clock, ended, query: Step.ofQuery('query', clock.monotonic(), begin, clock) };
}

/** A promise, and what settles it. */
function later<T>() {
  return Promise.withResolvers<T>();
}

test('a step that waits has a span, and so have those around it; one that does not wait has none', async () => {
  const { clock, ended, query } = traced();
  const reply = later<string>();
  const waits = query.run(() =>
    runStep('outer', () => {
      runStep('at once', () => 1);
      return runStep('inner', () => reply.promise, { isExchange: true, describe: (text) => ({ text }) });
    }),
  );
  clock.advance(7);
  reply.resolve('said');
  expect(await waits).toBe('said');
  query.end({ done: true });
  expect(ended).toEqual([
    'outer > inner client 7 {"text":"said"}',
    'query > outer internal 7 {}',
    '> query server 7 {"done":true}',
  ]);
});

test('a step that does not wait has a span if one below it does', async () => {
  const { ended, query } = traced();
  const refresh = later<void>();
  expect(
    query.run(() =>
      runStep('cache', () => {
        void runStep('refresh', () => refresh.promise);
        return 'kept';
      }),
    ),
  ).toBe('kept');
  expect(ended).toEqual(['query > cache internal 0 {}']);
  refresh.resolve();
  await expect.poll(() => ended).toContain('cache > refresh internal 0 {}');
});

test('what begins in a step without a span, but later, is below the next step around it', async () => {
  const { ended, query } = traced();
  const begun = later<void>();
  query.run(() =>
    runStep('outer', () => {
      void begun.promise.then(() => runStep('late', async () => {}));
      return 'at once';
    }),
  );
  begun.resolve();
  await expect.poll(() => ended).toEqual(['query > late internal 0 {}']);
});

test('errors are told, thrown or rejected, and go on', async () => {
  const { ended, query } = traced();
  const fail = () => {
    throw new Error('thrown');
  };
  expect(() => query.run(() => runStep('throws', fail))).toThrow('thrown');
  await expect(query.run(() => runStep('rejects', async () => fail()))).rejects.toThrow('thrown');
  expect(ended).toEqual(['query > throws internal 0 {} thrown', 'query > rejects internal 0 {} thrown']);
});

test('nothing is recorded outside of a traced query', async () => {
  const { ended, query } = traced();
  expect(runStep('alone', () => 1)).toBe(1);
  expect(query.run(() => runUntraced(() => runStep('inside', () => 2)))).toBe(2);
  await query.run(() => runUntraced(() => runStep('inside', async () => 3)));
  expect(ended).toEqual([]);
});

test('a wall clock that is set meanwhile does not distort a trace', () => {
  const { clock, ended, query } = traced();
  const now = clock.now;
  clock.now = () => now() - 60_000;
  clock.advance(5);
  query.end();
  expect(ended).toEqual(['> query server 5 {}']);
});
