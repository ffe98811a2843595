import { seededRandom } from '../../support/random.ts';
import type { Scenario, Weights } from './scenario.ts';

const ELEMENTS = ['a.test', 'b.c.test', 'd.test.', 'svc.cluster.local', 'cluster.local', '.e.test', '.', 'x'];
const NAMES = [
  'web',
  'db.prod',
  'a.b.c',
  'kubernetes.default.svc',
  'w.x.y.z.t',
  'Mixed.Case',
  'with_underscore',
  'web.',
  'db.prod.',
];
const OPTIONS = ['rotate', 'edns0', 'single-request', 'single-request-reopen', 'use-vc', 'trust-ad', 'no-tld-query'];

/** Mostly names that do not exist, as while a search list is walked, and now and then all that may come between. */
export const QUICK: Weights = {
  nxdomain: 10,
  nodata: 3,
  answer: 3,
  alias: 1,
  servfail: 3,
  refused: 1,
  lame: 1,
  notimp: 1,
  truncated: 2,
};
/** With silence, which costs a second each time. */
export const SLOW: Weights = { nxdomain: 10, silence: 4, answer: 2, nodata: 1, servfail: 1, refused: 1 };

export interface Choice {
  readonly count: number;
  readonly seed: number;
  readonly weights: Weights;
  /** Options beside ndots, timeout and attempts that may appear. */
  readonly options?: readonly string[];
  readonly alike?: Scenario['alike'];
}

/** Pairs of resolv.conf and name; the same seed gives the same ones. */
export function generate({ count, seed, weights, options = OPTIONS, alike }: Choice): Scenario[] {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  return Array.from({ length: count }, (_, i) => {
    const search = Array.from({ length: pick([0, 1, 1, 2, 3, 3, 4, 8]) }, () => pick(ELEMENTS));
    const servers = Array.from({ length: pick([1, 1, 1, 2, 3]) }, (_, n) => `nameserver 127.0.0.${n + 1}`);
    const ndots = pick(['', 'ndots:0', 'ndots:1', 'ndots:2', 'ndots:5', 'ndots:5', 'ndots:15', 'ndots:99']);
    const extra = below(4) === 0 && options.length > 0 ? pick(options) : '';
    const words = ['timeout:1', `attempts:${pick([1, 2])}`, ndots, extra].filter((word) => word !== '');
    const lines = [
      search.length > 0 ? `${below(8) === 0 ? 'domain' : 'search'} ${search.join(' ')}` : '# no search list',
      ...servers,
      `options ${words.join(' ')}`,
      below(10) === 0 ? ' search indented.test' : '',
    ];
    return {
      resolvConf: `${lines.join('\n')}\n`,
      name: `h${i}${pick(NAMES)}`,
      seed: seed * 1000 + i,
      weights,
      ...(alike && { alike }),
    };
  });
}
