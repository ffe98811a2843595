/*
 * The client side of DNS, as programs in pods have it: resolv.conf, search lists and the stub resolvers of C libraries and runtimes;
 * exported as `cairn-dns/resolver`. Begin with resolver.ts; machine.ts says how a stub resolver is written down. Nothing here caches, and
 * nothing but transport.ts opens a socket.
 */

export type {
  Brought,
  CallOptions,
  ExplainedQuery,
  Explanation,
  Lookup,
  LookupOptions,
  Outcome,
  RecordResolver,
  Resolver,
  ResolverOptions,
  Transport,
} from './api.ts';
export { checkResolvConf, type Problem } from './check.ts';
export { failureText, lookupError, ResolverError, syscallOf } from './error.ts';
export type { Answer, Protocol, Query, Reply } from './exchange.ts';
export { hostsFor, type PodHosts } from './hosts.ts';
export {
  type KubeletDns,
  type PodDns,
  type PodDnsConfig,
  type PodDnsEvent,
  type PodLike,
  type PodResolvConf,
  resolvConfFor,
} from './kubelet.ts';
export { type LookupPlan, readSettings, type SearchPlan, type StubSetup, searchPlan } from './plan.ts';
export {
  IMAGE_NAMES,
  type ImageName,
  type ProgramOptions,
  type ProgramStubs,
  RUNTIME_NAMES,
  type RuntimeName,
  stubsOfProgram,
} from './program.ts';
export { reasonOf } from './reason.ts';
export { parseResolvConf, printResolvConf, type ResolvConf, type ResolvOption } from './resolv-conf.ts';
export { createResolver } from './resolver.ts';
export type { FailureCode, LookupFailure, LookupResult, LookupSuccess } from './result.ts';
export type { Environment, Flag, Note, Settings } from './settings.ts';
export { type Candidate, STUB_NAMES, type StubName } from './stub.ts';
export { socketTransport } from './transport.ts';
