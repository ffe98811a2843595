import { either, FUNCTION, listOf, optional, type Rule, TEXT, wholeNumber } from '../base/check.ts';
import { CairnError, messageOf } from '../base/errors.ts';
import { parseIP, printIP } from '../dns/ip.ts';
import { type Explanation, type LookupFailure, type Resolver, reasonOf } from '../resolver/index.ts';
import { check } from './known-options.ts';
import { printLookup } from './lookup-text.ts';
import { OBSERVED, type ObservedPod } from './observed.ts';
import type { PodResolver } from './pods.ts';

/** How many misses a message shows. */
const MAX_SHOWN_MISSES = 10;

/** What vitest and jest take from a matcher. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** Matchers for a pod, for `expect.extend` of vitest and jest. All are asynchronous. */
export const matchers = {
  /** The pod's `lookup` finds exactly these addresses, in any order; without addresses, any. */
  async toResolve(received: unknown, name: string, addresses?: string | readonly string[]): Promise<MatcherResult> {
    const { pod, explain } = podOf(received, 'toResolve');
    check.value('toResolve: name', name, TEXT);
    check.value('toResolve: addresses', addresses, optional(either(ADDRESS, listOf(ADDRESS))));
    const expected = addresses === undefined ? undefined : inOrder([addresses].flat().map(readAddress));
    const explanation = await explain(name);
    const found = inOrder(explanation.addresses);
    const pass = expected ? found.join() === expected.join() : found.length > 0;
    const wanted = expected ? expected.join(', ') || 'no address' : 'an address';
    const message = (not: string) =>
      `expected ${name} in pod ${pod.name} ${not}to resolve to ${wanted}, but it is ${found.join(', ') || 'not found'}.`;
    return result(pass, message, printLookup(explanation));
  },

  /** A lookup of the name asks for at most so many names. A and AAAA of a name, and repetitions, count once. */
  async toAskAtMost(
    received: unknown,
    most: number,
    name: string,
    options: { readonly type?: string } = {},
  ): Promise<MatcherResult> {
    const { pod, explain } = podOf(received, 'toAskAtMost');
    check.value('toAskAtMost: most', most, wholeNumber(0));
    check.value('toAskAtMost: name', name, TEXT);
    const explanation = await explain(name, options);
    const { size } = new Set(explanation.queries.map((query) => query.name));
    const message = (not: string) =>
      `expected ${name} in pod ${pod.name} ${not}to ask for at most ${countOf(most)}, but it asked for ${countOf(size)}.`;
    return result(size <= most, message, printLookup(explanation));
  },

  /** All lookups of the pod find something while `run` runs, also those whose errors the program does not tell. */
  async toMissNothing(received: unknown, run: (pod: PodResolver) => unknown): Promise<MatcherResult> {
    const { pod } = podOf(received, 'toMissNothing');
    check.value('toMissNothing: run', run, FUNCTION);
    const { missed, shown: misses, lookups, thrown } = await watched(pod, () => run(received as PodResolver));
    if (thrown && missed === 0) throw thrown.error;
    if (lookups === 0)
      throw new CairnError('CLUSTER', `toMissNothing: nothing was looked up in pod ${pod.name} during the run`);
    const message = (not: string) =>
      `expected pod ${pod.name} ${not}to miss nothing, but ${missed} of ${lookups} lookups found nothing.`;
    const told = misses.map((miss) => `${printMiss(miss)}\n${printLookup(miss)}`);
    const more = missed > misses.length ? [`... and ${missed - misses.length} more`] : [];
    const ended = thrown ? [`The run failed: ${messageOf(thrown.error)}`] : [];
    return result(missed === 0, message, [...told, ...more, ...ended].join('\n'));
  },
};

function result(pass: boolean, message: (not: string) => string, details: string): MatcherResult {
  return { pass, message: () => `${message(pass ? 'not ' : '')}\n${details}` };
}

function podOf(
  received: unknown,
  matcher: string,
): { readonly pod: ObservedPod; readonly explain: Resolver['explain'] } {
  const pod = (received as { readonly [OBSERVED]?: ObservedPod } | null | undefined)?.[OBSERVED];
  if (pod) return { pod, explain: (received as PodResolver).explain };
  throw new CairnError('CLUSTER', `${matcher} is for a pod: write expect(cluster.pod(...)).${matcher}(...)`);
}

const ADDRESS: Rule = {
  should: 'an IP address',
  accepts: (value) => typeof value === 'string' && parseIP(value) !== undefined,
};

function readAddress(text: string): string {
  return printIP(parseIP(text)!);
}

function inOrder(addresses: readonly string[]): string[] {
  return [...new Set(addresses)].sort();
}

function countOf(names: number): string {
  return names === 1 ? '1 name' : `${names} names`;
}

async function watched(pod: ObservedPod, run: () => unknown) {
  const shown: Explanation[] = [];
  let [lookups, missed] = [0, 0];
  const stop = pod.watch((explanation) => {
    lookups++;
    if (!explanation.result.ok && ++missed <= MAX_SHOWN_MISSES) shown.push(explanation);
  });
  let thrown: { readonly error: unknown } | undefined;
  try {
    await run();
  } catch (error) {
    thrown = { error };
  } finally {
    stop();
  }
  return { shown, missed, lookups, thrown };
}

function printMiss(miss: Explanation): string {
  return `${miss.name}: ${reasonOf(miss) ?? (miss.result as LookupFailure).why}`;
}

interface PodMatchers {
  toResolve(name: string, addresses?: string | readonly string[]): Promise<void>;
  toAskAtMost(most: number, name: string, options?: { readonly type?: string }): Promise<void>;
  toMissNothing(run: (pod: PodResolver) => unknown): Promise<void>;
}

// The types of vitest, and those of jest's globals.
declare global {
  namespace jest {
    // biome-ignore lint/complexity/noBannedTypes: all declarations of the interface must have the same parameters
    interface Matchers<R, T = {}> extends PodMatchers {}
  }
}

// The types of `@jest/globals`, which are there only with jest.
// biome-ignore lint/suspicious/noTsIgnore: this is an error only without jest
/** @ts-ignore */
declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends PodMatchers {}
}
