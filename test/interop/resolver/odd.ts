import type { Scenario } from './scenario.ts';

const SERVER = 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n';
const POD = `search a.test bb.test\n${SERVER}options ndots:2\n`;

/** A search line of so many octets, whose last element can be told by its name. */
function longLine(octets: number): string {
  const start = `search ${'abcde.t '.repeat(octets / 8)}`;
  return `${start.slice(0, octets - 6)}x.test\n${SERVER}options ndots:5\n`;
}

const NAMES = [
  'lead-',
  'a..b',
  'sp ace',
  'exa$mple',
  'loc*al',
  '.lead',
  'x.onion',
  `${'b'.repeat(64)}.x`,
  `${'b.'.repeat(120)}b`,
];

const FILES = [
  ...[253, 254, 255, 256].map(longLine),
  `${SERVER}`,
  `search a.test\nsearch\n${SERVER}`,
  `search a.test\nsearch b.test\n${SERVER}`,
  `domain a.test\nsearch b.test\n${SERVER}`,
  `search a.test\ndomain b.test\n${SERVER}`,
  `domain a.test b.test\n${SERVER}`,
  `search a.test # b.test\n${SERVER}`,
  `search a.test\n${SERVER}options ndots:-3\n`,
  `search a.test\n${SERVER}options ndots:abc\n`,
  `\tsearch a.test\n nameserver 127.0.0.2\n${SERVER}`,
  `search A.test a.test a.test\n${SERVER}`,
  `search .a.test\n${SERVER}`,
  `search . a.test\n${SERVER}`,
];

/** Names and files that few would write, where every name is unknown to the servers. */
export const ODD: readonly Scenario[] = [
  ...NAMES.map((name) => ({ resolvConf: POD, name })),
  ...FILES.map((resolvConf, i) => ({ resolvConf, name: `odd${i}` })),
  { resolvConf: POD, name: 'odd.name' },
].map((pair) => ({ ...pair, seed: 1, weights: { nxdomain: 1 } }));
