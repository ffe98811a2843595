import { describe, expect, test } from 'vitest';
import { answerOf, inFrontOf } from '../../../test/support/chain.ts';
import type { TestEnvOptions } from '../../../test/support/env.ts';
import { nextHandler, parsePlugin, warningsOf } from '../../../test/support/plugin.ts';
import { printReply, testQuery } from '../../../test/support/query.ts';
import { Opcode } from '../../dns/message.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { printType } from '../../dns/rr.ts';
import { Epoch } from '../../plugin/repeat.ts';
import { createReply, failure, type Repeat, type Reply } from '../../plugin/reply.ts';
import template from './index.ts';

const AKS = `template ANY ANY internal.cloudapp.net {
  match "^(?:[^.]+\\.){4,}internal\\.cloudapp\\.net\\.$"
  rcode NXDOMAIN
  fallthrough
}`;
const HOSTS = `template IN A example.org {
  match ^host-(?P<n>[0-9]+)[.](?P<site>\\w+)[.]example[.]org[.]$ ^(.*)[.]any[.]example[.]org[.]$
  answer "{{ .Name }} 60 IN A 10.0.0.{{ if .Group.n }}{{ .Group.n }}{{ else }}9{{ end }}"
  additional "{{ .Zone }} 60 IN TXT {{ .Class }} {{ .Type }} {{ index .Match 1 }}"
  fallthrough any.example.org sub.example.org
}`;
const soa = (zone: string) => {
  const at = zone === '.' ? '' : zone;
  return `-- ${zone} 60 IN SOA ns.dns.${at} hostmaster.${at} 1 7200 1800 86400 60`;
};

function templates(body: string, options: TestEnvOptions = {}) {
  return inFrontOf(template, body, { rcode: 5 }, options);
}

describe('answers', () => {
  test.each([
    [
      HOSTS,
      'Host-7.berlin.example.org. A',
      'NOERROR aa\nhost-7.berlin.example.org. 60 IN A 10.0.0.7\n++ example.org. 60 IN TXT "IN" "A" "7"',
    ],
    [
      HOSTS,
      'x.any.example.org. A',
      'NOERROR aa\nx.any.example.org. 60 IN A 10.0.0.9\n++ example.org. 60 IN TXT "IN" "A" "x"',
    ],
    [HOSTS, 'host-7.berlin.example.org. AAAA', `NOERROR aa\n${soa('example.org.')}`],
    [HOSTS, 'host-7.berlin.example.org. A CH', 'REFUSED'],
    [HOSTS, 'host-7.berlin.example.com. A', 'REFUSED'],
    [HOSTS, 'x.example.org. A', 'SERVFAIL'],
    [HOSTS, 'x.sub.example.org. A', 'REFUSED'],
    [AKS, 'a.b.c.d.internal.cloudapp.net. A', `NXDOMAIN aa\n${soa('internal.cloudapp.net.')}`],
    [AKS, 'a.b.c.internal.cloudapp.net. A', 'REFUSED'],
    ['template IN AAAA . {\n rcode NOERROR\n}', 'a.org. AAAA', `NOERROR aa\n${soa('.')}`],
    ['template IN AAAA . {\n rcode NOERROR\n}', 'a.org. A', 'REFUSED'],
    ['template CH TXT . {\n rcode NXDOMAIN\n}', 'a.org. TXT CH', 'NXDOMAIN aa'],
    ['template IN ANY {\n rcode REFUSED\n}', 'a.org. A', 'REFUSED'],
    ['template IN ANY {\n rcode 2\n}', 'a.org. A', 'SERVFAIL'],
    [
      'template IN A org {\n rcode NXDOMAIN\n authority "org 5 IN SOA a. b. 1 2 3 4 5"\n}',
      'a.org. A',
      'NXDOMAIN aa\n-- org. 5 IN SOA a. b. 1 2 3 4 5',
    ],
    ['template IN NS org {\n authority "org 5 IN NS ns.org."\n}', 'a.org. NS', 'NOERROR aa\n-- org. 5 IN NS ns.org.'],
    ['template IN A org {\n answer {{ .Name }} 5 IN A 192.0.2.1\n}', 'a.org. A', 'NOERROR aa\na.org. 5 IN A 192.0.2.1'],
    [
      'template IN A org {\n answer "a.org A 192.0.2.1" "a.org A 192.0.2.2"\n}',
      'a.org. A',
      'NOERROR aa\na.org. 3600 IN A 192.0.2.1\na.org. 3600 IN A 192.0.2.2',
    ],
    [
      'template IN A org {\n answer "{{ if false }}x{{ end }}"\n answer "{{ .Name }} A 192.0.2.1"\n}',
      'a.org. A',
      'NOERROR aa\na.org. 3600 IN A 192.0.2.1',
    ],
    [
      'template IN A org {\n match ^a\n answer "a.org 1 A 192.0.2.1"\n fallthrough\n}\ntemplate IN A org {\n answer "b.org 2 A 192.0.2.2"\n}',
      'b.org. A',
      'NOERROR aa\nb.org. 2 IN A 192.0.2.2',
    ],
  ])('%.60j: %s', async (body, question, reply) => {
    expect(await templates(body).ask(question)).toBe(reply);
  });

  test('an extended error goes with the reply', async () => {
    const { query } = templates('template IN A {\n rcode NXDOMAIN\n ederror 21 "not here"\n}');
    const [option] = (await query('a.org. A')).ednsOptions!;
    expect(option).toEqual({ code: 15, data: Buffer.from('\0\x15not here') });
  });
});

describe('CNAME records that lead out of the template', () => {
  const ALIAS = 'template IN ANY a.org {\n answer "{{ .Name }} 60 IN CNAME b.org."\n}';
  const resolve: TestEnvOptions['resolve'] = (_, { name, type }) =>
    createReply('x', {
      rcode: 3,
      answer: [parseRecord(`${name} 9 TXT ${printType(type)}`)],
      authority: [parseRecord('org. 5 SOA a. b. 1 2 3 4 5')],
    });

  test.each([
    ['A', 'NXDOMAIN aa\na.org. 60 IN CNAME b.org.\nb.org. 9 IN TXT "A"\n-- org. 5 IN SOA a. b. 1 2 3 4 5'],
    ['CNAME', 'NOERROR aa\na.org. 60 IN CNAME b.org.'],
    ['ANY', 'NOERROR aa\na.org. 60 IN CNAME b.org.'],
  ])('for a query of type %s', async (type, reply) => {
    expect(await templates(ALIAS, { resolve }).ask(`a.org. ${type}`)).toBe(reply);
  });

  test('a target that the answer holds is not looked up', async () => {
    const body = 'template IN A a.org {\n answer "a.org 60 CNAME b.org." "b.org 60 A 192.0.2.1"\n}';
    expect((await templates(body).query('a.org. A')).answer).toHaveLength(2);
  });

  test('a target that the server has nothing to do with is left to the client', async () => {
    const { ask } = templates(ALIAS, { resolve: async () => failure('', 5) });
    expect(await ask('a.org. A')).toBe('NOERROR aa\na.org. 60 IN CNAME b.org.');
  });

  test('what fails with the target is told, and the reply is not repeated', async () => {
    const broken = templates(ALIAS, { resolve: async () => failure('x', 2, new Error('down')) });
    const reply = await broken.query('a.org. A');
    expect(reply).toMatchObject({ rcode: 2, source: 'template', error: { message: 'down' } });
    expect(reply.repeat).toBeUndefined();
  });
});

describe('a name exists for all types, or for none', () => {
  const HOST = 'template IN A example.org {\n match ^host[.]\n answer "{{ .Name }} 60 IN A 192.0.2.1"\n}';
  const FALLS = HOST.replace('\n}', '\n fallthrough\n}');
  const ROOT_SOA = parseRecord('. 30 SOA a. b. 1 2 3 4 86400');
  const NXDOMAIN = { rcode: 3, authority: [ROOT_SOA] };
  const below = (reply: Partial<Reply>) => printReply(createReply('next', reply));
  const nodata = (zone: string, ttl = 60) => `NOERROR aa\n${soa(zone).replace(' 60 ', ` ${ttl} `)}`;

  test.each<[string, string, Partial<Reply>, string]>([
    ['what does not exist below has no data', FALLS, NXDOMAIN, nodata('example.org.', 30)],
    ['without an SOA record below, too', FALLS, { rcode: 3 }, nodata('example.org.')],
    ['what nobody below serves', FALLS, { rcode: 5 }, nodata('example.org.')],
    ['what is below, is', FALLS, answerOf('host.example.org. 9 AAAA 2001:db8::1'), 'kept'],
    ['what is below without the type', FALLS, { rcode: 0, authority: [ROOT_SOA] }, 'kept'],
    ['a failure may hide the type', FALLS, { rcode: 2 }, 'kept'],
    ['a refusal for a reason', FALLS, { rcode: 5, error: new Error('too many') }, 'kept'],
    ['silence', FALLS, { drop: true }, 'kept'],
    ['without fallthrough', HOST, NXDOMAIN, nodata('example.org.', 30)],
    ['without fallthrough, and nobody can tell', HOST, { rcode: 2 }, nodata('example.org.')],
    ['without fallthrough, what is below', HOST, answerOf('host.example.org. 9 AAAA 2001:db8::1'), 'kept'],
    ['only an alias', HOST.replace('IN A 192.0.2.1', 'IN CNAME b.test.'), NXDOMAIN, nodata('example.org.', 30)],
    ['another class', HOST.replace('IN A', 'CH A'), NXDOMAIN, 'kept'],
    ['another zone', HOST.replace('example.org', 'example.com'), NXDOMAIN, 'kept'],
    ['another name', FALLS.replace('^host', '^hosts'), NXDOMAIN, 'kept'],
    [
      'a blank template makes no record',
      HOST.replace('{{ .Name }} 60 IN A 192.0.2.1', '{{ if false }}x{{ end }}'),
      NXDOMAIN,
      'kept',
    ],
    ['a broken template makes no record', HOST.replace('{{ .Name }}', '{{ index .Match 7 }}'), NXDOMAIN, 'kept'],
    ['additional records alone are none of the name', HOST.replace('answer', 'additional'), NXDOMAIN, 'kept'],
    ['a denial on purpose', 'template IN A example.org {\n rcode NXDOMAIN\n}', NXDOMAIN, 'kept'],
    [
      'a denial on purpose of this type',
      `${FALLS}\ntemplate IN AAAA example.org {\n rcode NXDOMAIN\n}`,
      {},
      `NXDOMAIN aa\n${soa('example.org.')}`,
    ],
    [
      'an earlier denial of the other type',
      `template IN A example.org {\n rcode NXDOMAIN\n}\n${FALLS}`,
      NXDOMAIN,
      'kept',
    ],
    [
      'any template of the block',
      `template IN MX org {\n match x\n fallthrough\n}\ntemplate IN TXT . {\n answer "{{ .Name }} TXT a"\n}`,
      NXDOMAIN,
      nodata('.', 30),
    ],
    [
      'the longest zone of the template',
      FALLS.replace('example.org', 'org . example.org'),
      NXDOMAIN,
      nodata('example.org.', 30),
    ],
    [
      'a template of the type that does not match',
      `template IN AAAA example.org {\n match ^six\n}\n${FALLS}`,
      {},
      nodata('example.org.'),
    ],
    [
      'a template of the type that cannot tell',
      `template IN AAAA example.org {\n expr int(name()) > 1\n}\n${FALLS}`,
      {},
      'SERVFAIL',
    ],
  ])('%s', async (_, body, reply, expected) => {
    const { ask } = inFrontOf(template, body, reply);
    expect(await ask('host.example.org. AAAA')).toBe(expected === 'kept' ? below(reply) : expected);
  });

  test('types that are no data, and other operations than queries, are left to those below', async () => {
    const { plugin, ask } = inFrontOf(template, HOST, { rcode: 5 });
    for (const type of ['AXFR', 'IXFR']) expect(await ask(`host.example.org. ${type}`)).toBe('REFUSED');
    const query = testQuery('host.example.org. SOA');
    const notify = { ...query, message: { ...query.message, opcode: Opcode.NOTIFY } };
    expect(plugin.wrap!(nextHandler)(notify)).toMatchObject({ source: 'next' });
  });

  const epoch = new Epoch();
  const repeat: Repeat = { epochs: [epoch], untilMs: 7, again: [], shuffled: true, caseAsAsked: true };
  const ours = FALLS.replace('answer', "expr incidr(client_ip(), '192.0.2.0/24')\n answer");
  test.each<[string, Partial<Reply>, string, boolean, Repeat | undefined]>([
    ['a denial', { ...NXDOMAIN, repeat }, FALLS, false, { epochs: [epoch], untilMs: 7, again: [] }],
    ['a denial by chance', { ...NXDOMAIN, repeat: undefined }, FALLS, false, undefined],
    [
      'a denial from data at hand',
      { ...NXDOMAIN, uncacheable: true, repeat },
      FALLS,
      true,
      { epochs: [epoch], untilMs: 7, again: [] },
    ],
    ['a failure', { rcode: 2, repeat: undefined }, HOST, true, undefined],
    ['a denial, and the name exists for this client', { ...NXDOMAIN, repeat }, ours, true, undefined],
    [
      'a denial, and the name exists for others, and does not fall through',
      { ...NXDOMAIN, repeat },
      ours.replace('192.0.2.0', '10.0.0.0').replace('\n fallthrough', ''),
      true,
      undefined,
    ],
    [
      'a denial, and nobody can tell whether the name exists',
      { ...NXDOMAIN, repeat },
      ours.replace("incidr(client_ip(), '192.0.2.0/24')", 'int(client_ip()) > 1'),
      true,
      undefined,
    ],
    [
      'a denial, and the name exists for others',
      { ...NXDOMAIN, repeat },
      ours.replace('192.0.2.0', '10.0.0.0'),
      true,
      undefined,
    ],
  ])(
    'how long the absence of a type holds follows from what was below: %s',
    async (_, reply, body, uncacheable, held) => {
      const made = await inFrontOf(template, body, reply).query('host.example.org. AAAA');
      expect(made.uncacheable ?? false).toBe(uncacheable);
      expect(made.repeat).toEqual(held);
    },
  );

  test('the condition is that of the other type', async () => {
    const { ask } = inFrontOf(template, HOST.replace('answer', "expr type() == 'A'\n answer"), NXDOMAIN);
    expect(await ask('host.example.org. AAAA')).toBe(nodata('example.org.', 30));
  });

  test('an answer for all types that has none of the type has no data', async () => {
    const body = 'template ANY ANY example.org {\n answer "{{ .Name }} 60 IN A 192.0.2.1" "{{ .Name }} 60 IN TXT x"\n}';
    const { ask } = inFrontOf(template, body, NXDOMAIN);
    const both = 'NOERROR aa\nhost.example.org. 60 IN A 192.0.2.1\nhost.example.org. 60 IN TXT "x"';
    expect(await ask('host.example.org. A')).toBe(both);
    expect(await ask('host.example.org. ANY')).toBe(both);
    expect(await ask('host.example.org. AAAA')).toBe(nodata('example.org.'));
  });
});

describe('expressions', () => {
  const SITES = `template IN A example.org {
    match ^n(?P<n>[^.]*)[.]
    var n int(group('n'))
    var host 'host' + string(n * 2) + '.' + split(name(), '.')[1]
    expr n > 3 && group(0) startsWith 'n'
    expr group('none') == '' && group(7) == ''
    answer "{{ .Name }} 60 IN TXT {{ .Var.host }} {{ printf \\"%03d\\" .Var.n }}"
    fallthrough
  }`.replaceAll('\\\\', '\\');
  const INSIDE = `template IN A example.org {
    expr incidr(client_ip(), '10.0.0.0/8')
    answer "{{ .Name }} 60 IN A 10.0.0.1"
    fallthrough
  }`;
  const OUTSIDE = 'template IN A example.org {\n answer "{{ .Name }} 60 IN A 192.0.2.1"\n}';

  test.each([
    [SITES, 'n5.example.org. A', 'NOERROR aa\nn5.example.org. 60 IN TXT "host10.example" "005"'],
    [SITES, 'n3.example.org. A', 'REFUSED'],
    [SITES.replace('fallthrough', ''), 'n3.example.org. A', 'SERVFAIL'],
    // What has no value is not left to others.
    [SITES, 'nx.example.org. A', 'SERVFAIL'],
    [SITES, 'x.example.org. A', 'REFUSED'],
    [INSIDE, 'a.example.org. A', 'REFUSED'],
    [INSIDE.replace('10.0.0.0/8', '192.0.2.0/24'), 'a.example.org. A', 'NOERROR aa\na.example.org. 60 IN A 10.0.0.1'],
    [`${INSIDE}\n${OUTSIDE}`, 'a.example.org. A', 'NOERROR aa\na.example.org. 60 IN A 192.0.2.1'],
  ])('%j: %s', async (body, question, reply) => {
    expect(await templates(body).ask(question)).toBe(reply);
  });

  test.each([
    [SITES, 'n5.example.org. A', true],
    [SITES, 'n3.example.org. A', true],
    [INSIDE, 'a.example.org. A', false],
    [INSIDE.replace('10.0.0.0/8', '192.0.2.0/24'), 'a.example.org. A', false],
    [`${INSIDE}\n${OUTSIDE}`, 'a.example.org. A', false],
  ])('%j: whether the reply to %s may be given to others: %j', async (body, question, shareable) => {
    const { repeat, uncacheable, source } = await templates(body).query(question);
    expect(repeat !== undefined).toBe(shareable);
    expect(uncacheable ?? false).toBe(!shareable || source === 'template');
  });
});

test("'upstream' is told to have no effect", async () => {
  const body = 'template IN A {\n upstream 10.0.0.1\n answer "a.org 1 A 192.0.2.1"\n}';
  expect(warningsOf(template, body)).toEqual([
    expect.stringMatching(/Corefile:2:2 - 'upstream' has no effect: remove it/),
  ]);
  expect(await templates(body).ask('a.org. A')).toContain('192.0.2.1');
});

test.each([
  ['template IN A {\n answer "a.org 1 TXT {{ .Class }} {{ .Type }}"\n}', '"IN" "A"'],
  ['template ANY ANY {\n answer "a.org 1 TXT {{ .Class }} {{ .Type }}"\n}', '"IN" "ANY"'],
])('%j answers queries for all types, too', async (body, texts) => {
  expect(await templates(body).ask('a.org. ANY')).toBe(`NOERROR aa\na.org. 1 IN TXT ${texts}`);
});

test.each([
  ['{{ .Name }} A 192.0.2.1', true],
  ['{{ .Name }} TXT {{ .Match }}{{ .Group }}{{ .Zone }}{{ .Class }}{{ .Type }}', true],
  ['{{ .Name }} TXT {{ .Remote }}', false],
  ['{{ .Name }} TXT {{ .Message.Id }}', false],
  ['{{ .Name }} TXT {{ .Question.Name }}', false],
  ['{{ .Name }} TXT "{{ .Meta "kubernetes/service" }}"', false],
  ['{{ .Name }} TXT {{ if false }}{{ .Remote }}{{ end }}x', true],
])('a reply made by %s may be repeated: %j', async (record, repeatable) => {
  const { query } = templates(`template IN ANY {\n answer "${record.replaceAll('"', '\\"')}"\n}`);
  expect((await query('a.org. TXT')).repeat !== undefined).toBe(repeatable);
});

test('labels are those of the query', async () => {
  const label: TestEnvOptions['label'] = (query, name) => (name === 'kubernetes/service' ? query.name : undefined);
  const { ask } = templates(
    `template IN TXT {\n answer "{{ .Name }} 5 TXT x{{ .Meta \\"kubernetes/service\\" }}{{ .Meta \\"no\\" }}"\n}`,
    { label },
  );
  expect(await ask('a.org. TXT')).toBe('NOERROR aa\na.org. 5 IN TXT "xa.org."');
});

test('what cannot be filled in, or is no record, is SERVFAIL and counted', async () => {
  const body = `template IN A org {
    match ^(\\w+)-(\\w)?
    answer "{{ .Name }} 60 IN A 10.0.0.{{ parseInt (index .Match 2) 16 8 }}"
    authority "org 60 IN A {{ index .Match 1 }}"
    fallthrough
  }`;
  const { query, env } = templates(body);
  for (const name of ['x-', 'x-1', 'y']) await query(`${name}.org. A`);
  const noNumber = await query('x-g.org. A');
  expect(noNumber).toMatchObject({ rcode: 2, source: 'template' });
  expect(noNumber.error?.message).toBe('parseInt: "g" is not a number of base 16 and 8 bits');
  const noRecord = await query('x-1.org. A');
  expect(noRecord.error?.message).toBe(
    '"org 60 IN A x" is not a record: address of A must be an IPv4 address, not "x"',
  );
  expect(noRecord.aa).toBe(false);
  const labels = 'server="dns://:53",zone="org.",view="",class="IN",type="A"';
  expect(await env.exposed('coredns_template')).toEqual([
    `coredns_template_template_failures_total{${labels},section="answer",template="{{ .Name }} 60 IN A 10.0.0.{{ parseInt (index .Match 2) 16 8 }}"} 2`,
    `coredns_template_rr_failures_total{${labels},section="authority",template="org 60 IN A {{ index .Match 1 }}"} 2`,
  ]);
});

test('queries that are answered are counted, repeated ones too', async () => {
  const { query, env } = templates('template ANY ANY org {\n rcode NXDOMAIN\n}', { view: 'inside' });
  const { repeat } = await query('a.org. MX');
  for (const again of repeat!.again) again.value++;
  for (const type of ['TYPE1234', 'TYPE1235']) await query(`a.org. ${type}`);
  expect(await env.exposed('coredns_template_matches')).toEqual([
    'coredns_template_matches_total{server="dns://:53",zone="org.",view="inside",class="IN",type="MX"} 2',
    'coredns_template_matches_total{server="dns://:53",zone="org.",view="inside",class="IN",type="other"} 2',
  ]);
});

test.each([
  ['', "Corefile:1:1 - Error during parsing: Wrong argument count or unexpected line ending after 'template'"],
  ['IN', "Corefile:1:10 - Error during parsing: Wrong argument count or unexpected line ending after 'IN'"],
  ['FOO A', "Corefile:1:10 - Error during parsing: unknown class 'FOO', expecting one such as IN"],
  ['IN FOO', "Corefile:1:13 - Error during parsing: unknown record type 'FOO', expecting one such as A"],
  ['IN A {\n foo\n}', "Corefile:2:2 - Error during parsing: unknown property 'foo'"],
  ['IN A {\n match\n}', "unexpected line ending after 'match'"],
  ['IN A {\n match (\n}', "Corefile:2:8 - Error during parsing: invalid regular expression '('"],
  ['IN A {\n answer\n}', "unexpected line ending after 'answer'"],
  [
    'IN A {\n answer "{{ .Foo"\n}',
    'Corefile:2:9 - Error during parsing: could not compile template: {{ .Foo - unclosed action',
  ],
  [
    'IN A {\n answer "{{ .Foo }}"\n}',
    'could not compile template: {{ .Foo }} - there is no .Foo, expecting one of .Name, .Zone',
  ],
  [
    'IN A {\n answer "a.org IN A x"\n}',
    'could not compile template: a.org IN A x - "a.org IN A x" is not a record: address of A must be an IPv4 address',
  ],
  ['IN A {\n rcode FOO\n}', "Corefile:2:8 - Error during parsing: unknown rcode 'FOO', expecting one such as NXDOMAIN"],
  ['IN A {\n ederror x\n}', "Corefile:2:10 - Error during parsing: invalid extended error 'x'"],
  ['IN A {\n ederror 21 a b\n}', "unexpected line ending after 'b'"],
  ['IN A {\n expr name() == 1\n}', "Corefile:2:7 - Error during parsing: '==' cannot have a string and a number"],
  ['IN A {\n expr 1\n}', 'the expression is a number, expecting one that is true or false'],
  ['IN A {\n expr\n}', "unexpected line ending after 'expr'"],
  ['IN A {\n var x\n}', "unexpected line ending after 'x'"],
  ['IN A {\n var 1x 1\n}', "Corefile:2:6 - Error during parsing: invalid variable name '1x'"],
  ['IN A {\n var a-b 1\n}', "invalid variable name 'a-b'"],
  ['IN A {\n var name 1\n}', "variable name 'name' is taken"],
  ['IN A {\n var let 1\n}', "variable name 'let' is taken"],
  ['IN A {\n var a 1\n var a 2\n}', "Corefile:3:6 - Error during parsing: variable name 'a' is taken"],
  ['IN A {\n var a b + 1\n var b 1\n}', "Corefile:2:8 - Error during parsing: 'b' is unknown"],
  ["IN A {\n var a 1\n expr a + 'x' == 'x'\n}", "'+' cannot have a number and a string"],
])('template %s is an error', (rest, message) => {
  expect(() => parsePlugin(template, `template ${rest}`)).toThrow(message);
});
