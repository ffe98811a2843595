import { describe, expect, test } from 'vitest';
import { makePlugin, nextHandler, parsePlugin } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { Opcode } from '../../dns/message.ts';
import { TRANSFERS } from '../../plugin/keys.ts';
import type { Reply } from '../../plugin/reply.ts';
import secondary from './index.ts';

describe('before there is a copy', () => {
  const { plugin, env } = makePlugin(secondary, 'secondary a.test {\ntransfer from 192.0.2.1\nfallthrough\n}');
  const handler = plugin.wrap!(nextHandler);
  const notify = (name: string, address: string) => {
    const query = testQuery(`${name} SOA`, { client: { address, port: 4242 } });
    return handler({ ...query, message: { ...query.message, opcode: Opcode.NOTIFY } }) as Reply;
  };

  test('names of the zone are SERVFAIL, and do not fall through', () => {
    expect(handler(testQuery('b.a.test. A'))).toMatchObject({
      ...{ source: 'secondary', rcode: 2 },
      error: { message: 'the zone a.test. cannot be served: it was not copied yet' },
    });
    expect((handler(testQuery('b.test. A')) as Reply).source).toBe('next');
    expect(env.ask(TRANSFERS)[0]!.zone('a.test.')).toBeUndefined();
  });

  test.each([
    ['a.test.', '192.0.2.1', { rcode: 0, aa: true }],
    [
      'a.test.',
      '192.0.2.2',
      {
        rcode: 5,
        error: { message: 'NOTIFY of a.test. by 192.0.2.2:4242: the client is not among those of "transfer from"' },
      },
    ],
    ['b.a.test.', '192.0.2.1', { rcode: 5 }],
    ['b.test.', '192.0.2.1', { source: 'next' }],
  ])('NOTIFY of %s by %s', (name, address, expected) => {
    expect(notify(name, address)).toMatchObject(expected);
  });
});

test('before there is a copy, the next plugin is asked if the option says so, and its reply is not repeated', () => {
  const body = 'secondary a.test {\ntransfer from 192.0.2.1\nunready next\n}';
  const handler = makePlugin(secondary, body).plugin.wrap!(nextHandler);
  expect(handler(testQuery('b.a.test. A'))).toMatchObject({ source: 'next', repeat: undefined });
});

describe('options', () => {
  test.each([
    ['next', true],
    ['servfail', false],
  ])('unready %s', (word, passesUnready) => {
    expect(parsePlugin(secondary, `secondary {\ntransfer from 192.0.2.1\nunready ${word}\n}`)).toMatchObject([
      { passesUnready },
    ]);
  });

  test('all of them', () => {
    const body =
      'secondary A.test 10.0.0.0/8 {\ntransfer from 192.0.2.1 [2001:DB8::1]:5300\ntransfer from 192.0.2.2\nfallthrough\n}';
    expect(parsePlugin(secondary, body)).toEqual([
      {
        zones: ['a.test.', '10.in-addr.arpa.'],
        from: [
          { address: '192.0.2.1', port: 53 },
          { address: '2001:db8::1', port: 5300 },
          { address: '192.0.2.2', port: 53 },
        ],
        ...{ fallthrough: ['.'], passesUnready: false, catalog: undefined },
      },
    ]);
  });

  test.each([
    ['catalog', []],
    ['catalog A.test 10.0.0.0/8', ['a.test.', '10.in-addr.arpa.']],
  ])('%s', (line, catalog) => {
    expect(parsePlugin(secondary, `secondary cat {\ntransfer from 192.0.2.1\n${line}\n}`)).toMatchObject([{ catalog }]);
  });

  test.each([
    ['secondary', "Corefile:1:1 - Error during parsing: 'transfer from' is required - add 'transfer from ADDRESS…'"],
    ['secondary {\ntransfer from\n}', "Wrong argument count or unexpected line ending after 'from'"],
    [
      'secondary {\ntransfer to 192.0.2.1\n}',
      "Corefile:2:10 - Error during parsing: expecting 'transfer from ADDRESS…': the plugin 'transfer' gives copies to others",
    ],
    [
      'secondary {\ntransfer from a.test\n}',
      "Corefile:2:15 - Error during parsing: not an IP address, with or without a port: 'a.test'",
    ],
    ['secondary {\ncatalog\n}', "'transfer from' is required"],
    [
      'secondary {\ntransfer from 192.0.2.1\ncatalog a..b\n}',
      'Corefile:3:9 - Error during parsing: zone is not a valid domain name: "a..b"',
    ],
    [
      'secondary a.test {\ntransfer from 192.0.2.1\n}\nsecondary a.test {\ntransfer from 192.0.2.1\n}',
      "Corefile:4:1 - Error during parsing: the zone a.test. has a 'secondary' already",
    ],
  ])('%j is an error', (body, message) => {
    expect(() => parsePlugin(secondary, body)).toThrow(message);
  });
});
