import { describe, expect, test } from 'vitest';
import { makePlugin, parsePlugin } from '../../../test/support/plugin.ts';
import { type TestQueryOptions, testQuery } from '../../../test/support/query.ts';
import { MAX_DEPTH } from '../../expression/parser.ts';
import { SELECTION } from '../../plugin/keys.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import view from './index.ts';

/** Whether a view with this expression takes a query for `WWW.Example.org. AAAA`. */
function takes(expression: string, options: TestQueryOptions = {}): boolean {
  const { env } = makePlugin(view, `view v {\nexpr ${expression}\n}`, {
    label: ({ name }, label) =>
      label === 'kubernetes/client-namespace' && name === 'www.example.org.' ? 'shop' : undefined,
  });
  return env.ask(SELECTION)[0]!(testQuery('WWW.Example.org. AAAA', options));
}

test.each<[string, boolean]>([
  ["name() == 'www.example.org.'", true],
  ["name() != 'www.example.org.'", false],
  ["type() == 'AAAA' && class() == 'IN'", true],
  ["type() in ['A', 'AAAA']", true],
  ["type() not in ['A', 'AAAA']", false],
  ['type() in []', false],
  ["incidr(client_ip(), '192.0.2.0/24')", true],
  ["incidr(client_ip(), '10.0.0.0/8') || incidr(client_ip(), '192.0.2.1/32')", true],
  ["incidr('[2001:db8::1]', '2001:db8::/32')", true],
  ["incidr(server_ip(), '192.0.2.53/32') and server_port() == '53'", true],
  ["client_ip() == '192.0.2.1' and port() == '40212'", true],
  ["proto() == 'udp'", true],
  ['id() == 4711 && opcode() == 0 && size() == 40', true],
  ['do()', false],
  ['!do() and bufsize() == 512', true],
  ['not do() and not (size() > 40)', true],
  ["metadata('kubernetes/client-namespace') == 'shop'", true],
  ["metadata('kubernetes/none') == ''", true],
  ["name() matches '^www[.]'", true],
  ["name() not matches 'org'", false],
  ["name() startsWith 'www' && name() endsWith '.org.' && name() contains 'example'", true],
  ['1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && 7 / 2 == 3.5 && 7 % 4 == 3 && 5 - 2 - 1 == 2', true],
  ['-1 < 0 && 1_000 >= 1000 && 1 <= 1', true],
  ["'a' < 'b' && 'a' + 'b' == 'ab'", true],
  ["len(upper('a') + lower('B')) == 2", true],
  ['[1, 2] == [1, 2] && [1] != [2]', true],
  ['do() ? false : true', true],
  ['false && 1 / 0 == 1 || true', true],
  ["'it\\'s' == `it's`", true],
  // What has no value is not true.
  ['1 / 0 == 1', false],
  ["incidr(name(), '10.0.0.0/8') || true", false],
  ['incidr(client_ip(), name()) || true', false],
])('%s: %s', (expression, expected) => {
  expect(takes(expression)).toBe(expected);
});

test('what the client said of EDNS', () => {
  expect(takes('do() && bufsize() == 4096', { edns: { do: true, udpSize: 4096 } })).toBe(true);
  expect(takes('bufsize() == 512', { edns: { udpSize: 100 } })).toBe(true);
});

test('all expressions must be true', () => {
  const selects = (body: string) => makePlugin(view, `view v {\n${body}\n}`).env.ask(SELECTION)[0]!(testQuery('a. A'));
  expect([selects("expr true\nexpr type() == 'A'"), selects("expr true\nexpr type() == 'B'")]).toEqual([true, false]);
});

test('the name of the view is a label', () => {
  const { plugin } = makePlugin(view, 'view inside {\nexpr true\n}');
  expect(['name', 'other'].map((label) => plugin.label!(testQuery('a. A'), label))).toEqual(['inside', undefined]);
});

test('it names the view of its block, and leaves queries and replies alone', () => {
  expect(definePlugin(view).settings!(parsePlugin(view, 'view inside {\nexpr true\n}'))).toEqual({
    view: 'inside',
    acceptsAll: true,
  });
  expect(
    definePlugin(view).settings!(parsePlugin(view, "view inside {\nexpr true\nexpr type() == 'A'\n}")),
  ).toMatchObject({ acceptsAll: false });
  expect(makePlugin(view, 'view inside {\nexpr true\n}').plugin.wrap).toBeUndefined();
});

const at = (column: number) => `Corefile:2:${column} - Error during parsing: `;

describe('errors', () => {
  test.each([
    ['view v', "'expr' is required - add 'expr EXPRESSION'"],
    ['view', "Wrong argument count or unexpected line ending after 'view'"],
    ['view a b', "Wrong argument count or unexpected line ending after 'b'"],
    ['view v {\nexpr\n}', "Wrong argument count or unexpected line ending after 'expr'"],
    ['view v {\nnope\n}', "unknown property 'nope'"],
    ['view a {\nexpr true\n}\nview b {\nexpr true\n}', 'this plugin can only be used once per Server Block'],
  ])('%j', (body, message) => {
    expect(() => parsePlugin(view, body)).toThrow(message);
  });

  test.each([
    ['name()', 'the expression is a string, expecting one that is true or false, at character 1'],
    ['nope()', "'nope' is unknown, expecting one of bufsize(), class(), client_ip(), do(), id(), name(),"],
    ['eval(1)', "'eval' is unknown"],
    ['constructor()', "'constructor' is unknown"],
    ["incidr('x')", 'incidr(string, string) is called with (string), at character 1'],
    ['port() == 53', "'==' cannot have a string and a number, at character 8"],
    ['do() || 1', "'||' cannot have a boolean and a number, at character 6"],
    ["id() > 'x'", "'>' cannot have a number and a string, at character 6"],
    ["1 in ['a']", "'in' cannot have a number and a list of strings, at character 3"],
    ["['a', 1] == []", "'[' cannot have a string and a number, at character 1"],
    ['!1', "'!' cannot have a number, at character 1"],
    ['1 ? true : false', "'?' cannot have a number, at character 3"],
    ["true ? 1 : 'a'", "':' cannot have a number and a string, at character 6"],
    ['do() matches name()', "'matches' cannot have a boolean"],
    ['name() matches name()', "'matches' needs a regular expression in quotes after it, at character 8"],
    ["name() matches '('", "invalid regular expression '('"],
    ['do() not true', "'not' stands before 'in', not before 'true', at character 10"],
    ['do() do()', "unexpected 'do' after the expression, at character 6"],
    ['(do()', "expecting ')', at character 6"],
    ['do() &&', 'the expression ends too early, at character 8'],
    ['do() && ;', 'unexpected ;, at character 9'],
    [`${'!'.repeat(MAX_DEPTH + 1)}true`, `the expression nests more than ${MAX_DEPTH} deep`],
    [`${'('.repeat(10_000)}true`, `the expression nests more than ${MAX_DEPTH} deep`],
  ])('%j', (expression, message) => {
    expect(() => parsePlugin(view, `view v {\nexpr ${expression}\n}`)).toThrow(at(6) + message);
  });
});
