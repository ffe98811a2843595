import { checkName } from './arguments.ts';
import { checkSetup } from './check-options.ts';
import { printResolvConf, type ResolvConf } from './resolv-conf.ts';
import { type Environment, interpret, type Settings } from './settings.ts';
import type { Candidate, Question, Stub, StubName } from './stub.ts';
import { stubs } from './stubs.ts';

/** A stub resolver and its settings. */
export interface StubSetup {
  /** `glibc` by default. */
  readonly stub?: StubName;
  /** The text of the file, or its parsed form. */
  readonly resolvConf: string | ResolvConf;
  /** The container's environment; empty by default. */
  readonly environment?: Environment;
}

/** All queries that a lookup may send. */
export interface LookupPlan {
  readonly name: string;
  readonly stub: StubName;
  /** The candidates, in the order in which they are tried until one decides. Empty if the resolver refuses the name without asking. */
  readonly candidates: readonly Candidate[];
  /** The types that are asked for each candidate, in their order. */
  readonly types: readonly string[];
  /** Whether all types of a candidate are asked at the same time. */
  readonly parallel: boolean;
  /** Whether all candidates are asked at the same time. */
  readonly together: boolean;
}

/** A plan, and the settings that it follows from. */
export interface SearchPlan extends LookupPlan {
  readonly settings: Settings;
}

/** The types that getaddrinfo asks for. */
const ADDRESS_TYPES = ['A', 'AAAA'];

/**
 * The settings that a resolver reads from a resolv.conf, with its defaults and limits, and notes on what it ignores.
 *
 * @throws CairnError for options that do not exist, and for values that are not valid
 */
export function readSettings(setup: StubSetup): Settings {
  checkSetup('readSettings', setup);
  return settingsOf(setup);
}

/** As {@link readSettings}, of options that are checked. */
export function settingsOf({ stub = 'glibc', resolvConf, environment }: StubSetup): Settings {
  const text = typeof resolvConf === 'string' ? resolvConf : printResolvConf(resolvConf);
  return interpret(text, stubs[stub].dialect, environment);
}

/**
 * What a resolver asks for if `name` is not found: names, types and their order. No server is asked.
 *
 * @param type the type to look up, as res_search does; without it A and AAAA, as getaddrinfo does.
 */
export function searchPlan(name: string, setup: StubSetup, type?: string): SearchPlan {
  checkSetup('searchPlan', setup);
  checkName('name', name);
  const stub = stubs[setup.stub ?? 'glibc'];
  const settings = settingsOf(setup);
  const question: Question =
    type === undefined ? { name, types: ADDRESS_TYPES, kind: 'addresses' } : { name, types: [type], kind: 'records' };
  return { ...planOf(question, stub, settings), settings };
}

/** What a stub resolver asks servers for. */
export function planOf(question: Question, stub: Stub, settings: Settings): LookupPlan {
  const types = stub.types(question, settings);
  return {
    name: question.name,
    stub: stub.name,
    candidates: stub.candidates(question, settings),
    types,
    parallel: types.length > 1 && !isSingle(settings),
    together: stub.order === 'together',
  };
}

function isSingle({ flags }: Settings): boolean {
  return flags.has('single-request') || flags.has('single-request-reopen');
}
