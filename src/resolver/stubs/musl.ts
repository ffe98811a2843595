import { ABSOLUTE_REASON, asTyped, concatenated, dotsIn, dotsReason, isAbsolute } from '../candidates.ts';
import { type Dialect, digitsOnly } from '../settings.ts';
import type { Stub, StubName } from '../stub.ts';
import { type MuslTraits, search } from './musl-search.ts';

/** fgets reads into 256 octets, which include the line feed and the zero at the end. */
export const MUSL_LINE_OCTETS = 255;

const dialect: Dialect = {
  indented: false,
  lineOctets: MUSL_LINE_OCTETS,
  maxNameservers: 3,
  defaultNameservers: ['127.0.0.1'],
  domainIsList: true,
  environment: false,
  hostnameDomain: false,
  defaults: { ndots: 1, timeoutMs: 5000, attempts: 2 },
  numbers: new Map([
    ['ndots', { sets: 'ndots', min: 0, max: 15 }],
    ['timeout', { sets: 'timeoutMs', min: 0, max: 60_000 }],
    ['attempts', { sets: 'attempts', min: 0, max: 10 }],
  ]),
  readNumber: digitsOnly,
  emptySearchClears: true,
  flags: new Map(),
};

function createMusl(name: StubName, title: string, traits: MuslTraits): Stub {
  return {
    name,
    title,
    dialect,
    local: { hosts: true, shortAddresses: true },
    order: 'sequential',
    candidates({ name, kind }, settings) {
      if (kind === 'records') return [asTyped(name, 'as typed: res_search knows no search list here')];
      if (isAbsolute(name)) return [asTyped(name, ABSOLUTE_REASON)];
      const typed = asTyped(name, dotsReason(name, settings.ndots));
      if (dotsIn(name) >= settings.ndots) return [{ ...typed, reason: typed.reason.replace('first', 'only') }];
      return [...concatenated(name, settings), typed];
    },
    types: ({ types }) => types,
    lookup: (task) => search(task, traits),
  };
}

/** musl: for a name with at least ndots dots, the search list is not used. All servers are asked at once. */
export const musl = createMusl(
  'musl',
  'musl 1.2.4 and newer: Alpine since 3.18, and programs linked statically to it',
  {
    hasTcp: true,
    skipsBadNames: true,
  },
);

/** musl before it supported TCP. */
export const oldMusl = createMusl('musl-1.2.3', 'musl 1.2.3 and older: Alpine up to 3.17, Debian 12', {
  hasTcp: false,
  skipsBadNames: false,
});
