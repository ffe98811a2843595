import { expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { testMessage, testQuery } from '../../../test/support/query.ts';
import { seededRandom } from '../../../test/support/random.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { createLogger } from '../../observe/log.ts';
import { Metrics } from '../../observe/metrics.ts';
import type { Query } from '../../plugin/query.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import { explain } from './explain.ts';
import { Responder } from './responder.ts';
import { Router } from './router.ts';
import { ServerWatch } from './watch.ts';

const block = (source: string, selects?: (query: Query) => boolean) => ({
  handler: () => createReply(source, { repeat: UNCHANGING }),
  ...{ observers: [], recursion: false, selects },
});

/** Two blocks for a.test., one of them for queries with DO, and one for b.test. */
function setUp() {
  const router = new Router();
  router.add(
    'a.test.',
    block('do', ({ edns }) => edns?.do === true),
  );
  router.add('a.test.', block('any'));
  router.add('b.test.', block('b'));
  const watch = new ServerWatch(
    fakeClock(),
    seededRandom(),
    createLogger(() => {}),
    new Metrics(),
  );
  return new Responder({ server: 'dns://:53', router, anyClass: false, transport: 'dns', idleMs: 10_000 }, watch);
}

test('the reply to a lookup inside the server must not be repeated if its block was chosen by a view', () => {
  const responder = setUp();
  const resolve = (name: string, hasDo: boolean) =>
    responder.resolve(testQuery('b.test. A', { edns: { do: hasDo } }), { name, type: 1, class: 1 }) as Reply;
  expect(resolve('a.test.', true)).toMatchObject({ source: 'do', uncacheable: true });
  expect(resolve('a.test.', false)).toMatchObject({ source: 'any', uncacheable: true });
  expect(resolve('a.test.', false).repeat).toBeUndefined();
  expect(resolve('b.test.', false)).toEqual(createReply('b', { repeat: UNCHANGING }));
});

test('whole answers are kept only where no view was asked', () => {
  const responder = setUp();
  const { arrival } = testQuery('a.test. A');
  const ask = (name: string) => {
    for (let i = 0; i < 4; i++) responder.answer(encodeMessage(testMessage(`${name} A`)), arrival);
    return responder.memo.hits;
  };
  expect([ask('a.test.'), ask('b.test.')]).toEqual([0, 2]);
});

test('it is explained by the block that the view chose', async () => {
  const responder = setUp();
  const explainedBy = async (hasDo: boolean) => {
    const bytes = encodeMessage(testMessage('a.test. A', { edns: { do: hasDo } }));
    return (await explain(responder, bytes, testQuery('a.test. A').arrival).explained).plugin;
  };
  expect([await explainedBy(true), await explainedBy(false)]).toEqual(['do', 'any']);
});
