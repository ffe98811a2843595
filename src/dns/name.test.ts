import { expect, test } from 'vitest';
import {
  canonicalKey,
  foldName,
  inAscii,
  isAtOrBelow,
  joinName,
  labelsOf,
  longestZone,
  parentOf,
  parseName,
  parseUnicodeName,
  ROOT,
  wireLength,
} from './name.ts';

const label63 = 'a'.repeat(63);
const name255 = `${`${label63}.`.repeat(3)}${'b'.repeat(61)}.`;

test.each([
  ['.', '.'],
  ['example.org.', 'example.org.'],
  ['example.org', 'example.org.'],
  ['Example.ORG', 'Example.ORG.'],
  ['_dns._udp.x-y', '_dns._udp.x-y.'],
  ['*.example.org', '*.example.org.'],
  ['a\\.b.org', 'a\\.b.org.'],
  ['a\\046b.org', 'a\\.b.org.'],
  ['a\\\\b', 'a\\\\b.'],
  ['a;b(c)@$"', 'a\\;b\\(c\\)\\@\\$\\".'],
  ['a b', 'a\\032b.'],
  ['\\000\\255', '\\000\\255.'],
  ['\\065', 'A.'],
  ['ä', '\\195\\164.'],
  [label63, `${label63}.`],
  [name255, name255],
])('%j is the name %j', (text, name) => {
  expect(parseName(text)).toBe(name);
});

test.each([
  ['www', 'example.org.', 'www.example.org.'],
  ['www.', 'example.org.', 'www.'],
  ['www\\.', 'example.org.', 'www\\..example.org.'],
  ['www', '.', 'www.'],
])('%j below the origin %j is %j', (text, origin, name) => {
  expect(parseName(text, origin)).toBe(name);
});

test.each([
  ['', 'a domain name is expected, not an empty string'],
  ['..', '".." has an empty label'],
  ['.org', '".org" has an empty label'],
  ['a..b', '"a..b" has an empty label'],
  ['a\\256', '"a\\256" has the bad escape \\256'],
  ['a\\', '"a\\" ends in a lone backslash'],
  [`${label63}a`, `has a label of 64 octets, at most 63 are allowed: "${label63}a"`],
  [`a.${name255}`, 'is longer than 255 octets'],
])('%j is no name', (text, message) => {
  expect(() => parseName(text)).toThrow(message);
});

test('a name is measured with its origin', () => {
  const origin = name255.slice(64);
  expect(parseName(label63, origin)).toBe(name255);
  expect(() => parseName(`${label63}.a`, origin)).toThrow('is longer than 255 octets');
});

test.each([
  ['.', [], 1, undefined],
  ['org.', ['org'], 5, '.'],
  ['www.example.org.', ['www', 'example', 'org'], 17, 'example.org.'],
  ['a\\.b.org.', ['a\\.b', 'org'], 9, 'org.'],
  ['a\\\\.org.', ['a\\\\', 'org'], 8, 'org.'],
  ['\\000\\046.org.', ['\\000\\046', 'org'], 8, 'org.'],
  [name255, name255.slice(0, -1).split('.'), 255, name255.slice(64)],
] as const)('%j has the labels %j, %i octets, and the parent %j', (name, labels, octets, parent) => {
  expect(labelsOf(name)).toEqual(labels);
  expect(joinName(labels, ROOT)).toBe(name);
  expect(wireLength(name)).toBe(octets);
  expect(parentOf(name)).toBe(parent);
});

test.each([
  ['www.example.org.', 'example.org.', true],
  ['example.org.', 'example.org.', true],
  ['example.org.', '.', true],
  ['.', '.', true],
  ['.', 'org.', false],
  ['myexample.org.', 'example.org.', false],
  ['org.', 'example.org.', false],
  ['my\\.example.org.', 'example.org.', false],
  ['my\\\\.example.org.', 'example.org.', true],
])('whether %j is at or below %j: %j', (name, zone, expected) => {
  expect(isAtOrBelow(name, zone)).toBe(expected);
});

test.each([
  ['a.b.example.org.', 'b.example.org.'],
  ['b.example.org.', 'b.example.org.'],
  ['c.example.org.', 'example.org.'],
  ['org.', undefined],
])('of several zones the longest holds %j: %j', (name, zone) => {
  expect(longestZone(name, ['example.org.', 'b.example.org.', 'example.com.'])).toBe(zone);
});

test('folding leaves escapes alone', () => {
  expect(foldName('WWW\\.Example\\200.ORG.')).toBe('www\\.example\\200.org.');
});

// RFC 4034 §6.1
test('the canonical order of names', () => {
  const names = [
    ...['.', 'example.', 'a.example.', 'yljkjljk.a.example.', 'z.a.example.', 'zabc.a.example.', 'z.example.'],
    ...['\\001.z.example.', '*.z.example.', '\\200.z.example.', 'example\\.a.', 'exampleb.'],
  ];
  expect([...names].sort((a, b) => (canonicalKey(a) < canonicalKey(b) ? -1 : 1))).toEqual(names);
});

test.each([
  ['bücher.example', 'xn--bcher-kva.example.'],
  ['BÜCHER.Example.', 'xn--bcher-kva.Example.'],
  ['_http._tcp.bücher.example', '_http._tcp.xn--bcher-kva.example.'],
  ['*.例え.jp', '*.xn--r8jz45g.jp.'],
  ['a\\.b.org', 'a\\.b.org.'],
])('a name as people write it: %s', (text, name) => {
  expect(parseUnicodeName(text)).toBe(name);
  expect(parseName(inAscii(text))).toBe(name);
});

test.each([
  ['ü b.org', '"ü b.org" has a label that cannot be written in ASCII (RFC 5891): "ü b"'],
  [`${'ü'.repeat(70)}.org`, 'has a label of 76 octets, at most 63 are allowed: "xn--tda'],
])('%j is no name', (text, message) => {
  expect(() => parseUnicodeName(text)).toThrow(message);
});
