import { expect, test } from 'vitest';
import { directives } from '../../test/support/directive.ts';
import {
  argsBetween,
  atLeastArgs,
  atMostArgs,
  domainName,
  durationMs,
  exactArgs,
  fallthroughZones,
  integer,
  network,
  noArgs,
  noBlock,
  once,
  oneOf,
  parseOptions,
  rcode,
  recordClass,
  recordType,
  zonesArgument,
} from './arguments.ts';
import type { Directive } from './ast.ts';

const directive = (text: string): Directive => directives(text)[0]!;
const argument = (text: string) => directive(`x ${text}`).args[0]!;
const parsing = (place: string, detail: string) => `Corefile:${place} - Error during parsing: ${detail}`;
const count = (after: string, takes: string) =>
  `Wrong argument count or unexpected line ending after '${after}' - 'x' takes ${takes}`;

test.each([
  ['noArgs', noArgs, 'x'],
  ['exactArgs', (line: Directive) => exactArgs(line, 2), 'x a b'],
  ['atLeastArgs', (line: Directive) => atLeastArgs(line, 1), 'x a b c'],
  ['atMostArgs', (line: Directive) => atMostArgs(line, 2), 'x a b'],
  ['argsBetween', (line: Directive) => argsBetween(line, 1, 3), 'x a b'],
  ['atMostArgs of none', (line: Directive) => atMostArgs(line, 2), 'x'],
])('%s takes what fits', (_, read, text) => {
  expect(read(directive(text)) ?? []).toEqual(directive(text).args);
});

test.each([
  ['x a', noArgs, parsing('1:3', count('a', 'no arguments'))],
  ['x a b', noArgs, parsing('1:3', count('b', 'no arguments'))],
  ['x', (line: Directive) => exactArgs(line, 1), parsing('1:1', count('x', 'exactly 1 argument'))],
  ['x a', (line: Directive) => exactArgs(line, 2), parsing('1:3', count('a', 'exactly 2 arguments'))],
  ['x a b c', (line: Directive) => exactArgs(line, 2), parsing('1:7', count('c', 'exactly 2 arguments'))],
  ['x', (line: Directive) => atLeastArgs(line, 1), parsing('1:1', count('x', 'at least 1 argument'))],
  ['x a b', (line: Directive) => atMostArgs(line, 1), parsing('1:5', count('b', 'at most 1 argument'))],
  ['x a', (line: Directive) => argsBetween(line, 2, 3), parsing('1:3', count('a', 'at least 2 arguments'))],
  ['x a b c', (line: Directive) => argsBetween(line, 1, 2), parsing('1:7', count('c', 'at most 2 arguments'))],
])('argument count of %s', (text, read, message) => {
  expect(() => read(directive(text))).toThrow(message);
});

test('a domain name, absolute without its last dot', () => {
  expect(domainName(argument('Example.org'))).toBe('Example.org.');
  expect(() => domainName(argument('a..b'))).toThrow(parsing('1:3', '"a..b" has an empty label'));
});

test('a network, its host bits cleared', () => {
  expect(network(argument('10.1.2.3/8'))).toEqual({ ip: Uint8Array.of(10, 0, 0, 0), bits: 8 });
  expect(() => network(argument('10.1.2.3'))).toThrow(
    parsing('1:3', "invalid CIDR '10.1.2.3', expecting ADDRESS/BITS such as 10.96.0.0/12"),
  );
});

test('a directive without options', () => {
  expect(() => noBlock(directive('x'))).not.toThrow();
  expect(() => noBlock(directive('x {\n}'))).toThrow(
    parsing('1:1', "Unexpected token '{', expecting argument - 'x' has no options"),
  );
});

test.each([
  ['5s', {}, 5000],
  ['0', {}, 0],
  ['2s', { minMs: 2000 }, 2000],
  ['-1s', { minMs: Number.NEGATIVE_INFINITY }, -1000],
])('duration %s', (text, range, expected) => {
  expect(durationMs(argument(text), range)).toBe(expected);
});

test.each([
  ['5', {}, `time: missing unit in duration "5" - '5s' is in seconds`],
  ['-1s', {}, "invalid duration '-1s', expecting 0s or longer"],
  ['1s', { minMs: 2000 }, "invalid duration '1s', expecting 2s or longer"],
  ['2s', { maxMs: 1500 }, "invalid duration '2s', expecting 1500ms or shorter"],
])('duration %s is an error', (text, range, detail) => {
  expect(() => durationMs(argument(text), range)).toThrow(parsing('1:3', detail));
});

test.each([
  ['0', 0],
  ['30', 30],
  ['+30', 30],
  ['65535', 65_535],
])('integer %s', (text, expected) => {
  expect(integer(argument(text), { min: 0, max: 65_535 }, 'TTL')).toBe(expected);
});

test.each(['-1', '65536', '1.5', '0x10', '1e3', '""', 'x', '9'.repeat(400)])('integer %s is an error', (text) => {
  const shown = text === '""' ? '' : text;
  expect(() => integer(argument(text), { min: 0, max: 65_535 }, 'TTL')).toThrow(
    parsing('1:3', `invalid TTL '${shown}', expecting a whole number from 0 to 65535`),
  );
});

test('an integer without an upper bound', () => {
  expect(() => integer(argument('0'), { min: 1 }, 'count')).toThrow(
    "invalid count '0', expecting a whole number from 1 on",
  );
  expect(() => integer(argument('9007199254740993'), {}, 'count')).toThrow("invalid count '9007199254740993'");
});

test('one of some words', () => {
  const modes = ['disabled', 'insecure', 'verified'] as const;
  const mode: 'disabled' | 'insecure' | 'verified' = oneOf(argument('insecure'), modes);
  expect(mode).toBe('insecure');
  expect(() => oneOf(argument('insecur'), modes)).toThrow(
    parsing('1:3', "unknown value 'insecur', expecting one of disabled, insecure, verified; did you mean insecure?"),
  );
});

test.each([
  ['x', ['a.org.']],
  ['x B.org', ['b.org.']],
  ['x b.org. dns://b.org:53 .', ['b.org.', '.']],
  ['x BÜCHER.example', ['xn--bcher-kva.example.']],
  ['x "" b.org', ['b.org.']],
  ['x ""', ['a.org.']],
  ['x 10.0.0.0/15', ['0.10.in-addr.arpa.', '1.10.in-addr.arpa.']],
])('zones of %s', (text, expected) => {
  expect(zonesArgument(directive(text).args, ['a.org.'])).toEqual(expected);
});

test('every bad zone is an error', () => {
  expect(() => zonesArgument(directive('x a..b ok c..d').args, [])).toThrow(
    [
      parsing('1:3', 'zone is not a valid domain name: "a..b" has an empty label'),
      parsing('1:11', 'zone is not a valid domain name: "c..d" has an empty label'),
    ].join('\n'),
  );
});

test('fallthrough', () => {
  expect(fallthroughZones(directive('fallthrough'))).toEqual(['.']);
  expect(fallthroughZones(directive('fallthrough in-addr.arpa ip6.arpa'))).toEqual(['in-addr.arpa.', 'ip6.arpa.']);
});

test('each option goes to its handler, in order', () => {
  const seen: string[] = [];
  const handlers = {
    ttl: (line: { args: readonly { text: string }[] }) => seen.push(`ttl ${line.args[0]!.text}`),
    pods: () => seen.push('pods'),
  };
  parseOptions(directive('x {\nttl 1\npods\nttl 2\n}'), handlers);
  expect(seen).toEqual(['ttl 1', 'pods', 'ttl 2']);
});

test.each([
  [
    'the closest record type',
    recordType,
    'AAA',
    "unknown record type 'AAA', expecting one such as A, SRV or TYPE65; did you mean AAAA?",
  ],
  [
    'the closest class',
    recordClass,
    'inn',
    "unknown class 'inn', expecting one such as IN, CH or CLASS4; did you mean IN?",
  ],
  [
    'the closest rcode',
    rcode,
    'NXDOMIN',
    "unknown rcode 'NXDOMIN', expecting one such as NXDOMAIN, SERVFAIL or 5; did you mean NXDOMAIN?",
  ],
  ['nothing', rcode, 'broken', "unknown rcode 'broken', expecting one such as NXDOMAIN, SERVFAIL or 5"],
])('an error about a code suggests %s', (_, read, text, message) => {
  expect(() => read(argument(text))).toThrow(new RegExp(`${message.replaceAll('?', '\\?')}$`));
});

test('every error of a block is thrown, unknown options included', () => {
  const block = directive('x {\nttl z\ntll 1\ntoString\nttl 5\npods\n}');
  const handlers = {
    ttl: (line: Directive | Directive['options'][number]) => void integer(exactArgs(line, 1)[0], {}, 'ttl'),
  };
  expect(() => parseOptions(block, handlers)).toThrow(
    [
      parsing('2:5', "invalid ttl 'z', expecting a whole number"),
      parsing('3:1', "unknown property 'tll'; did you mean ttl?"),
      parsing('4:1', "unknown property 'toString'"),
      parsing('6:1', "unknown property 'pods'"),
    ].join('\n'),
  );
});

test('options that are not fixed words', () => {
  const hosts: string[] = [];
  parseOptions(directive('x {\n10.0.0.1 a b\nttl 5\n}'), { ttl: () => {} }, ({ name }) => hosts.push(name));
  expect(hosts).toEqual(['10.0.0.1']);
});

test('a handler that fails for another reason is not caught', () => {
  const handlers = {
    ttl: () => {
      throw new TypeError('bug');
    },
  };
  expect(() => parseOptions(directive('x {\nttl\n}'), handlers)).toThrow(TypeError);
});

test('a plugin that can be used once', () => {
  const uses = directives('x 1\nx 2');
  expect(once(uses.slice(0, 1))).toBe(uses[0]);
  expect(() => once(uses)).toThrow(
    parsing('2:1', 'this plugin can only be used once per Server Block - it is used at Corefile:1:1'),
  );
  expect(() => once([])).toThrow(RangeError);
});
