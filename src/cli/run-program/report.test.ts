import { expect, test } from 'vitest';
import { Class, queryMessage } from '../../dns/message.ts';
import { parseName } from '../../dns/name.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { parseType } from '../../dns/rr.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { parseResolvConf } from '../../resolver/index.ts';
import type { Told } from '../lookup/record.ts';
import type { View } from '../lookup/view.ts';
import { logQueries } from './query-log.ts';
import { printReport } from './report.ts';

const RESOLV_CONF =
  'search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n';

/** A pod whose nameserver tells this of a message. */
function logOf(told: (message: Uint8Array) => Promise<Told>) {
  const view: View = {
    ...{ who: 'a pod of shop', whom: 'a test', hosts: '', resolvConf: parseResolvConf(RESOLV_CONF), port: 53 },
    exchange: told,
    close: async () => {},
  };
  const log = logQueries(view);
  const ask = (name: string, type: string) =>
    log.answer(
      encodeMessage(queryMessage({ name: parseName(name), type: parseType(type)!, class: Class.IN })),
      '10.96.0.10',
      'udp',
    );
  const report = async () => (await printReport(log, view, 'debian')).replace(/ +[\d.]+ ms/g, ' … ms');
  return { ask, report };
}

/** A response without records. */
async function respond(message: Uint8Array, rcode: number): Promise<Told> {
  const { id, questions } = decodeMessage(message);
  const query = queryMessage(questions[0]!);
  return { octets: encodeMessage({ ...query, id, qr: true, ra: true, rcode }), explanation: 'a test' };
}

test('a query is listed before its response, once for all repetitions', async () => {
  const { ask, report } = logOf(() => new Promise(() => {}));
  void ask('www.example.com.', 'MX');
  void ask('WWW.example.com.', 'MX');
  expect(await report()).toBe(
    'cairn run: a pod of shop sent 2 queries\n  www.example.com.  MX … ms  no response in time  asked 2 times\n',
  );
});

test('costs are those of the name that was looked up', async () => {
  const { ask, report } = logOf((message) =>
    respond(message, decodeMessage(message).questions[0]!.name === 'api.example.com.' ? 0 : 3),
  );
  for (const domain of ['.shop.svc.cluster.local.', '.svc.cluster.local.', '.cluster.local.', '.'])
    await ask(`api.example.com${domain}`, 'A');
  const lines = (await report()).split('\n');
  expect(lines[0]).toBe('cairn run: a pod of shop sent 4 queries, 3 of them NXDOMAIN');
  expect(lines[4]).toMatch(/^ {2}api\.example\.com\. +A … ms {2}no data +a test$/);
  expect(lines.slice(5)).toEqual([
    '  a lookup of api.example.com takes 8 queries (glibc, ndots 5) and finds nothing: ENODATA',
    '',
  ]);
});

test('the list is bounded', async () => {
  const { ask, report } = logOf((message) => respond(message, 3));
  for (let i = 0; i < 1002; i++) await ask(`n${i}.example.com.`, 'TXT');
  const lines = (await report()).split('\n');
  expect(lines[0]).toBe('cairn run: a pod of shop sent 1002 queries, all of them NXDOMAIN');
  expect(lines.slice(-2)).toEqual(['  and 2 queries for other names', '']);
  expect(lines).toHaveLength(1003);
});

test('a nameserver that becomes silent does not hold up the report', async () => {
  let isSilent = false;
  const { ask, report } = logOf((message) => (isSilent ? new Promise(() => {}) : respond(message, 0)));
  await ask('web.shop.svc.cluster.local.', 'A');
  isSilent = true;
  expect(await report()).toMatch(/ {2}a lookup of web gets no response in time: the list of costs ends here\n$/);
});

test('names and responses with octets that rule terminals forge no line of the report', async () => {
  const label = '\\010FORGED\\032\\027[2J\\155\\226\\128\\174';
  const target = parseRecord(`x. 1 IN CNAME ${label}.example.`);
  const { ask, report } = logOf(async (message) => {
    const { octets } = await respond(message, 0);
    const response = decodeMessage(octets!);
    const answer = [{ ...target, name: response.questions[0]!.name }];
    return { octets: encodeMessage({ ...response, answer }) };
  });
  for (const type of ['A', 'TXT', 'CNAME']) await ask(`${label}.example.com.`, type);
  const printed = await report();
  expect(printed).toContain(`  ${label}.example.com.  CNAME`);
  expect(printed).toContain(`  CNAME ${label}.example.`);
  expect(printed).not.toMatch(/[^ -~\n…]/);
  expect(printed).not.toMatch(/^\s*FORGED/m);
});
