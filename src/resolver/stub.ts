import type { Machine } from './machine.ts';
import type { LookupResult } from './result.ts';
import type { Dialect, Settings } from './settings.ts';

/** The names of the stub resolvers. The program and the libc of a container decide which one it uses. */
export const STUB_NAMES = ['glibc', 'musl', 'musl-1.2.3', 'go', 'c-ares', 'node', 'busybox'] as const;

export type StubName = (typeof STUB_NAMES)[number];

/** A program's call of its resolver. */
export interface Question {
  /** As the program passes it: short, or absolute with a trailing dot. */
  readonly name: string;
  /** In the order in which they are sent, such as A and AAAA. */
  readonly types: readonly string[];
  /** `addresses` is a call like getaddrinfo; `records` asks for one type, like res_search. */
  readonly kind: 'addresses' | 'records';
}

/** A name that a lookup may ask for. */
export interface Candidate {
  /** Absolute, with its trailing dot. */
  readonly name: string;
  /** The element of the search list that completes it; undefined for the name as typed. */
  readonly suffix?: string;
  /** Why it is asked for, and why at this place in the order. */
  readonly reason: string;
}

/** The input of a lookup. */
export interface LookupTask {
  readonly kind: Question['kind'];
  readonly candidates: readonly Candidate[];
  readonly types: readonly string[];
  readonly settings: Settings;
  /** Gives numbers from 0 up to 1. */
  readonly random: () => number;
  /** The start, on the scale of the machine's events. */
  readonly startMs: number;
}

/** One stub resolver: its description, and its rules without any I/O. */
export interface Stub {
  readonly name: StubName;
  /** The programs that use it. */
  readonly title: string;
  readonly dialect: Dialect;
  /** What it answers without a query, beside whole addresses: the names of the hosts file, and addresses such as `127.1`. */
  readonly local: { readonly hosts: boolean; readonly shortAddresses: boolean };
  /** Whether the candidates are asked one after the other, or all at once. */
  readonly order: 'sequential' | 'together';
  /** The names that it asks for until one decides, in their order. Empty if it refuses the name without asking. */
  candidates(question: Question, settings: Settings): readonly Candidate[];
  /** The types that are asked for each candidate. */
  types(question: Question, settings: Settings): readonly string[];
  lookup(task: LookupTask): Machine<LookupResult>;
}
