import { printResolvConf, type ResolvConf } from './resolv-conf.ts';
import { type Environment, interpret, type Settings } from './settings.ts';
import type { Candidate, Question, StubName } from './stub.ts';
import { stubs } from './stubs.ts';

/** Which stub resolver is meant, and what it is given. */
export interface StubSetup {
  /** `glibc` by default. */
  readonly stub?: StubName;
  /** The file's text, or what it says. */
  readonly resolvConf: string | ResolvConf;
  /** The container's; empty by default. */
  readonly environment?: Environment;
}

/** Every query that a name can lead to, before any server is asked. */
export interface SearchPlan {
  readonly name: string;
  readonly settings: Settings;
  /** In the order in which they are tried until one decides. Empty if the name is refused without asking. */
  readonly candidates: readonly Candidate[];
  /** The types asked of each candidate, in their order. */
  readonly types: readonly string[];
  /** Whether the types of a candidate are asked at the same time. */
  readonly parallel: boolean;
  /** Whether all candidates are asked at the same time. */
  readonly together: boolean;
}

/** The types that getaddrinfo asks for. */
const ADDRESS_TYPES = ['A', 'AAAA'];

/** What a resolver makes of a resolv.conf: its own defaults and limits applied, with notes on what it passes over. */
export function readSettings({ stub = 'glibc', resolvConf, environment }: StubSetup): Settings {
  const text = typeof resolvConf === 'string' ? resolvConf : printResolvConf(resolvConf);
  return interpret(text, stubs[stub].dialect, environment);
}

/**
 * What a resolver asks for if `name` is found nowhere: names, types and their order, without asking anyone.
 *
 * @param type the one type that is looked up, as res_search does; without it A and AAAA, as getaddrinfo does.
 */
export function searchPlan(name: string, setup: StubSetup, type?: string): SearchPlan {
  const stub = stubs[setup.stub ?? 'glibc'];
  const settings = readSettings(setup);
  const question: Question =
    type === undefined ? { name, types: ADDRESS_TYPES, kind: 'addresses' } : { name, types: [type], kind: 'records' };
  const types = stub.types(question, settings);
  return {
    name,
    settings,
    candidates: stub.candidates(question, settings),
    types,
    parallel: types.length > 1 && !isSingle(settings),
    together: stub.order === 'together',
  };
}

function isSingle({ flags }: Settings): boolean {
  return flags.has('single-request') || flags.has('single-request-reopen');
}
