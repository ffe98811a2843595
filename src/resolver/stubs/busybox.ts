import { asTyped, concatenated, dotsIn } from '../candidates.ts';
import { type Dialect, digitsOnly } from '../settings.ts';
import type { Stub } from '../stub.ts';
import { askAll } from './busybox-send.ts';

const dialect: Dialect = {
  indented: true,
  maxNameservers: Number.MAX_SAFE_INTEGER,
  defaultNameservers: ['127.0.0.1'],
  domainIsList: true,
  searchBeatsDomain: true,
  environment: false,
  hostnameDomain: false,
  defaults: { ndots: 1, timeoutMs: 5000, attempts: 2 },
  numbers: new Map(),
  readNumber: digitsOnly,
  flags: new Map(),
};

/** busybox nslookup: for a name without a dot, it asks for all completed names at once, and never for the name itself. */
export const busybox: Stub = {
  name: 'busybox',
  title: "busybox's nslookup (Alpine, busybox images); other programs there use the libc",
  dialect,
  local: { hosts: false, shortAddresses: false },
  order: 'together',
  candidates({ name }, settings) {
    if (dotsIn(name) > 0) return [asTyped(name, 'as typed: the name has a dot')];
    const { search } = settings;
    if (search.length === 0 || search.join() === '.') return [asTyped(name, 'as typed: there is no search list')];
    return concatenated(name, settings);
  },
  types: ({ types }) => types,
  lookup: askAll,
};
