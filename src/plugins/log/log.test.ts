import { describe, expect, test } from 'vitest';
import { makePlugin, parsePlugin, sentReply, warningsOf } from '../../../test/support/plugin.ts';
import { type TestQueryOptions, testQuery } from '../../../test/support/query.ts';
import { parseRecord } from '../../dns/presentation.ts';
import type { Query } from '../../plugin/query.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import { classOf, typeOf } from './class.ts';
import log from './index.ts';

const A_RECORD = parseRecord('example.org. 30 IN A 192.0.2.1');
const SOA_RECORD = parseRecord('example.org. 30 IN SOA ns. host. 1 2 3 4 5');
const NS_RECORD = parseRecord('sub.example.org. 30 IN NS ns.sub.example.org.');
const GLUE = parseRecord('ns.sub.example.org. 30 IN A 192.0.2.2');
const HIT = createReply('file', { aa: true, answer: [A_RECORD] });

function logged(body: string, question: string, options: TestQueryOptions = {}, reply: Reply = HIT, durationMs = 1) {
  const { plugin, env } = makePlugin(log, body, { label: () => undefined });
  const query = testQuery(question, options);
  plugin.observe!(query, sentReply(query, reply, { octets: reply.drop ? 0 : 114, durationMs }));
  return env.lines;
}

const CLIENT: TestQueryOptions = { client: { address: '10.244.0.7', port: 41234 }, id: 52173, octets: 54 };

describe('the line', () => {
  test.each<[string, TestQueryOptions, Reply, number, string]>([
    [
      'an answer over UDP with EDNS',
      { ...CLIENT, edns: { udpSize: 512 } },
      HIT,
      0.143891,
      '10.244.0.7:41234 - 52173 "A IN kubernetes.default.svc.cluster.local. udp 54 false 512" NOERROR qr,aa,rd 114 0.000143891s',
    ],
    [
      'DO and a larger buffer, over TCP',
      { ...CLIENT, protocol: 'tcp', edns: { udpSize: 4096, do: true } },
      HIT,
      1500,
      '10.244.0.7:41234 - 52173 "A IN kubernetes.default.svc.cluster.local. tcp 54 true 65535" NOERROR qr,aa,rd 114 1.5s',
    ],
    [
      'DO and a larger buffer, over UDP',
      { ...CLIENT, edns: { udpSize: 4096, do: true } },
      HIT,
      1500,
      '10.244.0.7:41234 - 52173 "A IN kubernetes.default.svc.cluster.local. udp 54 true 4096" NOERROR qr,aa,rd 114 1.5s',
    ],
    [
      'a client on IPv6 without EDNS',
      { client: { address: '2001:db8::7', port: 53000 }, id: 1, rd: false, octets: 33 },
      createReply('', { rcode: 2 }),
      10_000,
      '[2001:db8::7]:53000 - 1 "A IN kubernetes.default.svc.cluster.local. udp 33 false 512" SERVFAIL qr 114 10s',
    ],
    [
      'a size below 512 octets',
      { ...CLIENT, edns: { udpSize: 100 } },
      createReply('x', { rcode: 3841, ra: true, ad: true }),
      0,
      '10.244.0.7:41234 - 52173 "A IN kubernetes.default.svc.cluster.local. udp 54 false 512" RCODE3841 qr,rd,ra,ad 114 0s',
    ],
    [
      'no reply at all',
      CLIENT,
      createReply('acl', { drop: true }),
      0.0001,
      '10.244.0.7:41234 - 52173 "A IN kubernetes.default.svc.cluster.local. udp 54 false 512" - - - 0.0000001s',
    ],
  ])('%s', (_, options, reply, durationMs, line) => {
    expect(logged('log', 'Kubernetes.Default.svc.cluster.local.', options, reply, durationMs)).toEqual([
      `[INFO] ${line}`,
    ]);
  });

  test.each([
    ['{name} {type} {class}', 'a\\.b\\007.example. TYPE65280 CH', 'a\\.b\\007.example. TYPE65280 CH'],
    ['{local}|{remote}|{port}', 'a. A', '192.0.2.53|192.0.2.1|40212'],
    ['{>opcode}{>id}', 'a. A', '04711'],
    ['{/kubernetes/client-pod}', 'a. A', '-'],
    ['{unknown} {>x} { } {name', 'a. A', '{unknown} {>x} { } {name'],
    ['{{name}}', 'a. A', '{a.}'],
    ['{toString}{constructor}', 'a. A', '{toString}{constructor}'],
    ['{combined}', 'a. A', '192.0.2.1:40212 - 4711 "A IN a. udp 40 false 512" NOERROR qr,aa,rd 114 0.001s "0"'],
    ['>{common}<', 'a. A', '>192.0.2.1:40212 - 4711 "A IN a. udp 40 false 512" NOERROR qr,aa,rd 114 0.001s<'],
  ])('%s', (format, question, line) => {
    expect(logged(`log . "${format}"`, question)).toEqual([`[INFO] ${line}`]);
  });
});

test('labels are those of the query, and a dash where nobody says anything', () => {
  const label = (query: Query, name: string) =>
    name === 'kubernetes/service' ? `${name} of ${query.name}` : undefined;
  const { plugin, env } = makePlugin(log, 'log . "{/kubernetes/service} {/kubernetes/zone} {/}"', { label });
  const query = testQuery('web.shop.svc.cluster.local.');
  plugin.observe!(query, sentReply(query, HIT));
  expect(env.lines).toEqual(['[INFO] kubernetes/service of web.shop.svc.cluster.local. - -']);
});

describe('the class and the type of a reply are labels, while its line is written', () => {
  /** The labels of the plugin itself, which the server reads in this way where the block has `metadata`. */
  const make = (labelled: boolean) => {
    const label = (query: Query, name: string) => plugin.label?.(query, name.replace(/^log\//, ''));
    const { plugin, env } = makePlugin(log, 'log . "{/log/class} {/log/type} {/log/other}"', labelled ? { label } : {});
    return { plugin, env };
  };

  test.each<[string, string, Partial<Reply>, string]>([
    ['data', 'example.org. A', { answer: [A_RECORD] }, 'success NOERROR'],
    ['a referral', 'www.sub.example.org. A', { authority: [NS_RECORD], additional: [GLUE] }, 'success DELEGATION'],
    ['NODATA', 'example.org. AAAA', { authority: [SOA_RECORD] }, 'denial NODATA'],
    ['NODATA without SOA', 'example.org. AAAA', {}, 'denial NODATA'],
    ['NXDOMAIN', 'no.example.org. A', { rcode: 3, authority: [SOA_RECORD] }, 'denial NXDOMAIN'],
    ['SERVFAIL', 'example.org. A', { rcode: 2 }, 'error SERVERERROR'],
    ['NOTIMP', 'example.org. A', { rcode: 4 }, 'error SERVERERROR'],
    ['REFUSED', 'example.org. A', { rcode: 5 }, 'error OTHERERROR'],
    ['no response', 'example.org. A', { drop: true }, 'error OTHERERROR'],
    ['a zone transfer', 'example.org. AXFR', { answer: [SOA_RECORD] }, 'success META'],
    ['an incremental one that was refused', 'example.org. IXFR', { rcode: 5 }, 'error META'],
  ])('%s', (_, question, parts, labels) => {
    const { plugin, env } = make(true);
    const query = testQuery(question);
    plugin.observe!(query, sentReply(query, createReply('x', parts)));
    expect(env.lines).toEqual([`[INFO] ${labels} -`]);
    expect(plugin.label!(query, 'class')).toBeUndefined();
  });

  test('of a NOTIFY', () => {
    const query = testQuery('example.org. SOA');
    expect(typeOf({ ...query, message: { ...query.message, opcode: 4 } }, createReply('x'))).toBe('META');
  });

  test('without metadata they have no values, which a warning says', () => {
    const { plugin, env } = make(false);
    const query = testQuery('example.org. A');
    plugin.observe!(query, sentReply(query, HIT));
    expect(env.lines).toEqual([
      "[WARNING] plugin/log: labels are read, but have no values without 'metadata' in the block: add it",
      '[INFO] - - -',
    ]);
  });
});

describe('the fields of a JSON log', () => {
  const fieldsOf = (question: string, options: TestQueryOptions, reply: Reply, octets = 114) => {
    const { env } = makePlugin(log, 'log');
    let fields: unknown;
    const queryLog: typeof env.queryLog = (_, make) => {
      fields = make!();
    };
    const plugin = log.create(parsePlugin(log, 'log . "{rcode}"'), { ...env, queryLog });
    const query = testQuery(question, options);
    plugin.observe!(query, sentReply(query, reply, { octets, durationMs: 0.143891 }));
    return fields;
  };
  const COMMON = {
    ...{ client_ip: '10.244.0.7', client_port: 41234, server_ip: '192.0.2.53', protocol: 'udp' },
    ...{ query_id: 52173, opcode: 0, qname: 'web.example.', qtype: 'A', qclass: 'IN', request_size: 54 },
    ...{ do: false, bufsize: 512, duration_seconds: 0.000143891 },
  };

  test.each<[string, string, TestQueryOptions, Reply, object]>([
    ['a response', 'Web.example. A', {}, HIT, { ...COMMON, rcode: 'NOERROR', flags: 'qr,aa,rd', response_size: 114 }],
    [
      'a response over TCP to a client on IPv6 with DO',
      'web.example. TYPE65280 CH',
      { client: { address: '2001:db8::7', port: 1 }, protocol: 'tcp', edns: { udpSize: 4096, do: true } },
      createReply('x', { rcode: 3 }),
      {
        ...COMMON,
        ...{ client_ip: '2001:db8::7', client_port: 1, protocol: 'tcp', qtype: 'TYPE65280', qclass: 'CH' },
        ...{ do: true, bufsize: 65535, rcode: 'NXDOMAIN', flags: 'qr,rd', response_size: 114 },
      },
    ],
    [
      'no response',
      'web.example. A',
      {},
      createReply('acl', { drop: true }),
      { ...COMMON, rcode: null, flags: null, response_size: null },
    ],
    [
      'a name that is not printable',
      'a\\007\\"b.example. A',
      {},
      HIT,
      { ...COMMON, qname: 'a\\007\\"b.example.', rcode: 'NOERROR', flags: 'qr,aa,rd', response_size: 114 },
    ],
  ])('%s', (_, question, options, reply, fields) => {
    expect(fieldsOf(question, { ...CLIENT, ...options }, reply)).toEqual(fields);
  });
});

test('tabs of a format stay as they are, and a line feed does not begin a line', () => {
  expect(logged('log . "{name}\t{type}\nend"', 'a. A')).toEqual(['[INFO] a.\tA; end']);
});

describe('the first rule whose name matches decides', () => {
  const body = 'log example.org Example.net "{name}" {\n class denial\n}\nlog org "second {name}"';
  test.each([
    ['www.example.org. A', []],
    ['www.example.net. A', []],
    ['myexample.org. A', ['[INFO] second myexample.org.']],
    ['example.com. A', []],
  ])('%s', (question, lines) => {
    expect(logged(body, question)).toEqual(lines);
  });
});

describe('classes', () => {
  test.each<[string, Partial<Reply>, string]>([
    ['data', { answer: [A_RECORD] }, 'success'],
    ['referral', { authority: [NS_RECORD], additional: [GLUE] }, 'success'],
    ['additional records only', { additional: [GLUE] }, 'success'],
    ['NODATA', { authority: [SOA_RECORD] }, 'denial'],
    ['NODATA without SOA', {}, 'denial'],
    ['NODATA with NS records', { authority: [NS_RECORD, SOA_RECORD] }, 'denial'],
    ['NXDOMAIN', { rcode: 3 }, 'denial'],
    ['SERVFAIL', { rcode: 2 }, 'error'],
    ['REFUSED', { rcode: 5 }, 'error'],
    ['no reply', { drop: true }, 'error'],
  ])('%s', (_, parts, expected) => {
    expect(classOf(createReply('x', parts))).toBe(expected);
  });

  test.each([
    ['class error', { rcode: 2 }, 1],
    ['class error', { rcode: 3 }, 0],
    ['class denial error', { rcode: 3 }, 1],
    ['class denial\n class error', { rcode: 2 }, 1],
    ['class all', {}, 1],
  ])('%s', (option, parts, lines) => {
    expect(logged(`log . {\n ${option}\n}`, 'a. A', {}, createReply('x', parts))).toHaveLength(lines);
  });
});

test('a single argument that looks like a format logs nothing, with a warning', () => {
  expect(warningsOf(log, 'log "{name} {type}"')).toEqual([
    `Corefile:1:5 - a single argument is a name, so this line logs nothing - write 'log . "{name} {type}"'`,
  ]);
  expect(logged('log "{name} {type}"', 'a. A')).toEqual([]);
});

test.each(['stdout', 'stderr', 'STDOUT', 'all', '/var/log/dns.log', './queries', 'query.log'])(
  "the name '%s' was probably meant as a destination, which is told",
  (word) => {
    expect(warningsOf(log, `log ${word}`)).toEqual([
      `Corefile:1:5 - '${word}' is read as a name, like every argument that is not a format: the log always goes to stdout - remove it`,
    ]);
  },
);

test('names that do not look like a destination get no warning, nor do rules for other names', () => {
  expect(warningsOf(log, 'log\nlog')).toEqual([
    "Corefile:2:1 - logs nothing: 'log' at Corefile:1:1 decides for all of its names",
  ]);
  expect(warningsOf(log, 'log 0/25.2.0.192.in-addr.arpa example.org log.example.org\nlog example.com')).toEqual([]);
  expect(warningsOf(log, 'log a.example.org\nlog example.org b.example\nlog . "{name}"')).toEqual([]);
});

test('several names without a format are names', () => {
  expect(parsePlugin(log, 'log Example.org cluster.local')).toMatchObject([
    { names: ['example.org.', 'cluster.local.'] },
  ]);
});

test.each([
  ['log a..b', 'Corefile:1:5 - Error during parsing: "a..b" has an empty label'],
  [
    'log . {\n class\n}',
    "Corefile:2:2 - Error during parsing: Wrong argument count or unexpected line ending after 'class'",
  ],
  [
    'log . {\n class errors\n}',
    "Corefile:2:8 - Error during parsing: unknown value 'errors', expecting one of success, denial, error, all",
  ],
  ['log . {\n level\n}', "Corefile:2:2 - Error during parsing: unknown property 'level'"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(log, body)).toThrow(message);
});
