import { type Dialect, leadingNumber, type NumberRule } from '../settings.ts';

/** Values above the maximum are reduced to it. It waits at least a second. */
const NUMBERS: ReadonlyMap<string, NumberRule> = new Map([
  ['ndots', { sets: 'ndots', min: 0, max: 15 }],
  ['timeout', { sets: 'timeoutMs', min: 0, max: 30_000 }],
  ['attempts', { sets: 'attempts', min: 0, max: 5 }],
]);

/** How glibc 2.36 and newer read resolv.conf. */
export const glibcDialect: Dialect = {
  indented: false,
  maxNameservers: 3,
  defaultNameservers: ['127.0.0.1'],
  environment: true,
  hostnameDomain: true,
  defaults: { ndots: 1, timeoutMs: 5000, attempts: 2 },
  numbers: NUMBERS,
  // ndots is stored in four bits without a sign, so a negative value becomes a large one.
  readNumber: (text, sets) =>
    sets === 'ndots' && text.startsWith('-') ? leadingNumber(text) & 15 : leadingNumber(text),
  flags: new Map([
    ['edns0', 'edns0'],
    ['no-aaaa', 'no-aaaa'],
    ['no-reload', 'no-reload'],
    ['no-tld-query', 'no-tld-query'],
    ['rotate', 'rotate'],
    ['single-request', 'single-request'],
    ['single-request-reopen', 'single-request-reopen'],
    ['strict-error', 'strict-error'],
    ['trust-ad', 'trust-ad'],
    ['use-vc', 'use-vc'],
  ]),
  clearsFlags: true,
};
