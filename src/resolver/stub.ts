import type { Machine } from './machine.ts';
import type { LookupResult } from './result.ts';
import type { Dialect, Settings } from './settings.ts';

/** The stub resolvers that are known: what runs in a container decides which one it is. */
export const STUB_NAMES = ['glibc', 'musl', 'musl-1.2.3', 'go', 'c-ares', 'node', 'busybox'] as const;

export type StubName = (typeof STUB_NAMES)[number];

/** What a program asks its resolver for. */
export interface Question {
  /** As the program passes it: short, or absolute with a trailing dot. */
  readonly name: string;
  /** In the order in which they are sent, such as A and AAAA. */
  readonly types: readonly string[];
  /** `addresses` is what getaddrinfo does; `records` is one type through res_search or the like. */
  readonly kind: 'addresses' | 'records';
}

/** A name that may be asked for. */
export interface Candidate {
  /** Absolute, with its trailing dot. */
  readonly name: string;
  /** The element of the search list that completes it; undefined for the name as it was typed. */
  readonly suffix?: string;
  /** Why it is asked, and why at this place. */
  readonly reason: string;
}

/** What a look-up is made of. */
export interface LookupTask {
  readonly kind: Question['kind'];
  readonly candidates: readonly Candidate[];
  readonly types: readonly string[];
  readonly settings: Settings;
  /** Gives numbers from 0 up to 1. */
  readonly random: () => number;
  /** When it begins, on the scale of the machine's happenings. */
  readonly startMs: number;
}

/** How one stub resolver goes about a question: a descriptor, and rules without any I/O. */
export interface Stub {
  readonly name: StubName;
  /** Which programs use it. */
  readonly title: string;
  readonly dialect: Dialect;
  /** What it answers without a query, beside whole addresses: the names of the hosts file, and addresses such as `127.1`. */
  readonly local: { readonly hosts: boolean; readonly shortAddresses: boolean };
  /** Whether the candidates are asked one after the other, or all at once. */
  readonly order: 'sequential' | 'together';
  /** The names that it asks for until one decides, in their order; none for a name that it refuses without asking. */
  candidates(question: Question, settings: Settings): readonly Candidate[];
  /** The types that are asked of each candidate. */
  types(question: Question, settings: Settings): readonly string[];
  lookup(task: LookupTask): Machine<LookupResult>;
}
