import { ABSOLUTE_REASON, asTyped, concatenated, dotsIn, dotsReason, isAbsolute } from '../candidates.ts';
import { type Dialect, digitsOnly } from '../settings.ts';
import type { Stub } from '../stub.ts';
import { search } from './c-ares-search.ts';

const MAX = Number.MAX_SAFE_INTEGER;

const dialect: Dialect = {
  indented: true,
  maxNameservers: MAX,
  defaultNameservers: ['127.0.0.1'],
  searchBeatsDomain: true,
  environment: true,
  hostnameDomain: true,
  defaults: { ndots: 1, timeoutMs: 2000, attempts: 3 },
  numbers: new Map([
    ['ndots', { sets: 'ndots', min: 0, max: MAX }],
    ['timeout', { sets: 'timeoutMs', min: 0, max: MAX }],
    ['retrans', { sets: 'timeoutMs', min: 0, max: MAX }],
    ['attempts', { sets: 'attempts', min: 0, max: MAX }],
    ['retry', { sets: 'attempts', min: 0, max: MAX }],
  ]),
  readNumber: digitsOnly,
  flags: new Map([['rotate', 'rotate']]),
};

/** c-ares with its search list. */
export const cAres: Stub = {
  name: 'c-ares',
  title: 'c-ares with its search list: curl, Envoy, gRPC',
  dialect,
  local: { hosts: true, shortAddresses: false },
  order: 'sequential',
  candidates({ name }, settings) {
    if (isOnion(name)) return [];
    if (isAbsolute(name)) return [asTyped(name, ABSOLUTE_REASON)];
    const typed = asTyped(name, dotsReason(name, settings.ndots));
    const unique = {
      search: [...new Map(settings.search.map((element) => [element.toLowerCase(), element])).values()],
    };
    const rest = concatenated(name, unique).map((one) => (one.suffix === '.' ? { ...one, name: typed.name } : one));
    return dotsIn(name) >= settings.ndots ? [typed, ...rest] : [...rest, typed];
  },
  types: ({ types }) => types,
  lookup: (task) => search(task, { checksRcode: true }),
};

/** Node.js sets the number of tries itself: `new Resolver({ tries })` can change it, but resolv.conf cannot. */
const nodeDialect: Dialect = {
  ...dialect,
  readsSearch: false,
  defaults: { ...dialect.defaults, attempts: 4 },
  numbers: new Map([...dialect.numbers].filter(([, { sets }]) => sets !== 'attempts')),
  // Unlike a channel without flags, as above, this one reads use-vc.
  flags: new Map([...dialect.flags, ['use-vc', 'use-vc'], ['usevc', 'use-vc']]),
};

/** c-ares as Node.js uses it: no search list. */
export const node: Stub = {
  name: 'node',
  title: "Node.js's dns.resolve and its kin (dns.lookup is the libc's)",
  dialect: nodeDialect,
  local: { hosts: true, shortAddresses: false },
  order: 'sequential',
  candidates: ({ name }) => (isOnion(name) ? [] : [asTyped(name, 'as typed: dns.resolve knows no search list')]),
  types: ({ types }) => types,
  lookup: (task) => search(task, { checksRcode: false }),
};

/** Names under onion are never asked for (RFC 7686 §2). */
function isOnion(name: string): boolean {
  return /(^|\.)onion\.?$/i.test(name);
}
