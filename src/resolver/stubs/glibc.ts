/*
 * The stub resolvers, each as pure functions: which names and types it asks, when, and what it makes of the responses. Begin with this
 * one; glibc-search.ts walks its search list, and glibc-send.ts sends one query. None of them knows a socket or a clock.
 */

import {
  ABSOLUTE_REASON,
  asTyped,
  completed,
  dotsIn,
  dotsReason,
  isAbsolute,
  isSendable,
  untilUnsendable,
} from '../candidates.ts';
import type { Stub } from '../stub.ts';
import { glibcDialect } from './glibc-dialect.ts';
import { search } from './glibc-search.ts';

/** glibc: a name with at least ndots dots is first asked for as typed. The search list is used in any case. */
export const glibc: Stub = {
  name: 'glibc',
  title:
    "GNU libc's getaddrinfo: Debian, Ubuntu, RHEL, distroless; most programs on them, Python, the JVM, Node's dns.lookup",
  dialect: glibcDialect,
  local: { hosts: true, shortAddresses: true },
  order: 'sequential',
  candidates({ name, kind }, settings) {
    if (kind === 'addresses' && !isHostName(name)) return [];
    if (isAbsolute(name)) return [asTyped(name, ABSOLUTE_REASON)].filter(isSendable);
    const typed = asTyped(name, dotsReason(name, settings.ndots));
    if (!isSendable(typed)) return [];
    const rest = untilUnsendable(completed(name, settings));
    if (dotsIn(name) >= settings.ndots) return [typed, ...rest];
    const isLast = !rest.some((candidate) => candidate.name === typed.name) && !keptFromRoot(name, settings);
    return isLast ? [...rest, typed] : rest;
  },
  types: ({ types }, { flags }) => (flags.has('no-aaaa') ? types.filter((type) => type !== 'AAAA') : types),
  lookup: search,
};

/** `no-tld-query`: a name without a dot is not asked for as typed, unless there is no search list. */
function keptFromRoot(name: string, { flags, search }: Parameters<Stub['candidates']>[1]): boolean {
  return dotsIn(name) === 0 && search.length > 0 && flags.has('no-tld-query');
}

/** getaddrinfo accepts only letters, digits, dots, underscores, and hyphens that are not the first character. */
function isHostName(name: string): boolean {
  return /^(?!-)[\w.-]+$/.test(name);
}
