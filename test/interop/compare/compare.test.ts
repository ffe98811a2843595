import { expect, onTestFinished, test } from 'vitest';
import { Class, type Question } from '../../../src/dns/message.ts';
import { parseType } from '../../../src/dns/rr.ts';
import { answerTo, type Script, startUpstream } from '../../support/upstream.ts';
import { compareServers, printDifference } from './compare.ts';

const ask = (name: string): Question => ({ name, type: parseType('A')!, class: Class.IN });
const record = (name: string, last: string | number) => `${name} 5 IN A 192.0.2.${last}`;

async function server(script: Script) {
  const upstream = await startUpstream(script);
  onTestFinished(() => upstream.close());
  return { host: '127.0.0.1', port: upstream.port };
}

/** Answers `N.test.` with an address that ends in N. */
const echo: Script = (query) => {
  const { name } = query.message.questions[0]!;
  query.reply(answerTo(query.message, [record(name, name.split('.')[0]!)]));
};

test('every question is compared with the reply to itself, however many there are', async () => {
  const questions = Array.from({ length: 200 }, (_, i) => ask(`${i}.test.`));
  const odd: Script = (query) => {
    const { name } = query.message.questions[0]!;
    if (name === '150.test.') query.reply(answerTo(query.message, [record(name, 7)]));
    else echo(query);
  };
  const differences = await compareServers(await server(echo), await server(odd), questions);
  expect(differences.map(printDifference)).toEqual([
    `150.test. A\n  < ${record('150.test.', 150)}\n  > ${record('150.test.', 7)}`,
  ]);
});

test('a truncated reply is asked for again over TCP', async () => {
  const truncating: Script = (query) => {
    if (query.protocol === 'udp') query.reply(answerTo(query.message, [], { tc: true }));
    else echo(query);
  };
  expect(await compareServers(await server(echo), await server(truncating), [ask('1.test.')])).toEqual([]);
});

test('glue that did not fit is not a difference', async () => {
  const withGlue =
    (protocols: readonly string[]): Script =>
    (query) => {
      const { additional } = { additional: answerTo(query.message, [record('glue.test.', 9)]).answer };
      query.reply(answerTo(query.message, [], protocols.includes(query.protocol) ? { additional } : {}));
    };
  const [always, overTcp] = [await server(withGlue(['udp', 'tcp'])), await server(withGlue(['tcp']))];
  expect(await compareServers(always, overTcp, [ask('1.test.')])).toEqual([]);
  expect(await compareServers(always, await server(withGlue([])), [ask('1.test.')])).toHaveLength(1);
});

test('a question that was lost is asked again', async () => {
  let lost = 0;
  const losing: Script = (query) => {
    if (lost++ > 0) echo(query);
  };
  expect(await compareServers(await server(echo), await server(losing), [ask('1.test.')])).toEqual([]);
});
