export type {
  CallOptions,
  ExplainedQuery,
  Explanation,
  LookupOptions,
  Outcome,
  Resolver,
  ResolverOptions,
  Transport,
} from './api.ts';
export { checkResolvConf, type Problem } from './check.ts';
export type { Answer, Protocol, Query, Reply } from './exchange.ts';
export { readSettings, type SearchPlan, type StubSetup, searchPlan } from './plan.ts';
export { parseResolvConf, printResolvConf, type ResolvConf, type ResolvOption } from './resolv-conf.ts';
export type { FailureCode, LookupFailure, LookupResult, LookupSuccess } from './result.ts';
export type { Environment, Flag, Note, Settings } from './settings.ts';
export { type Candidate, STUB_NAMES, type StubName } from './stub.ts';
