import { ABSOLUTE_REASON, asTyped, concatenated, dotsIn, dotsReason, isAbsolute, isSendable } from '../candidates.ts';
import { type Dialect, leadingNumber } from '../settings.ts';
import type { Candidate, Stub } from '../stub.ts';
import { search } from './go-search.ts';

/** The longest name that is asked for, with its trailing dot. */
const MAX_NAME_LENGTH = 254;

const MAX = Number.MAX_SAFE_INTEGER;

const dialect: Dialect = {
  indented: true,
  maxNameservers: 3,
  defaultNameservers: ['127.0.0.1', '::1'],
  searchElement: (element) => (element === '.' ? undefined : element),
  environment: false,
  hostnameDomain: true,
  defaults: { ndots: 1, timeoutMs: 5000, attempts: 2 },
  numbers: new Map([
    ['ndots', { sets: 'ndots', min: 0, max: 15 }],
    ['timeout', { sets: 'timeoutMs', min: 1000, max: MAX }],
    ['attempts', { sets: 'attempts', min: 1, max: MAX }],
  ]),
  readNumber: leadingNumber,
  emptySearchClears: true,
  flags: new Map([
    ['edns0', 'edns0'],
    ['no-reload', 'no-reload'],
    ['rotate', 'rotate'],
    ['single-request', 'single-request'],
    ['single-request-reopen', 'single-request'],
    ['tcp', 'use-vc'],
    ['trust-ad', 'trust-ad'],
    ['use-vc', 'use-vc'],
    ['usevc', 'use-vc'],
  ]),
};

/** Go's own resolver: the order of glibc, one server after the other, A and AAAA separately. */
export const go: Stub = {
  name: 'go',
  title: "Go's own resolver (CGO_ENABLED=0, or by default where resolv.conf has no option unknown to it)",
  dialect,
  local: { hosts: true, shortAddresses: false },
  order: 'sequential',
  candidates({ name }, settings) {
    if (!isHostName(name)) return [];
    const isFirst = dotsIn(name) >= settings.ndots;
    const typed = asTyped(name, dotsReason(name, settings.ndots));
    if (isAbsolute(name)) return [asTyped(name, ABSOLUTE_REASON)].filter(isAsked);
    const rest = concatenated(name, settings);
    return (isFirst ? [typed, ...rest] : [...rest, typed]).filter(isAsked);
  },
  types: ({ types }) => types,
  lookup: search,
};

/** Names under onion are never asked for (RFC 7686 §2). */
function isAsked({ name }: Candidate): boolean {
  return isSendable({ name }) && name.length <= MAX_NAME_LENGTH && !/\.onion\.$/i.test(name);
}

/** Whether labels have only letters, digits, underscores, and hyphens that are neither first nor last. */
function isHostName(name: string): boolean {
  return name.split('.').every((label) => /^(?!-)[\w-]*(?<!-)$/.test(label));
}
