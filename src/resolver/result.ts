import type { Answer } from './exchange.ts';

/** node:dns's codes, the same for every stub resolver. */
export type FailureCode =
  | 'ENOTFOUND'
  | 'ENODATA'
  | 'ESERVFAIL'
  | 'EREFUSED'
  | 'EFORMERR'
  | 'ENOTIMP'
  | 'ETIMEOUT'
  | 'ECONNREFUSED'
  | 'EBADNAME';

/** How a lookup ended. */
export type LookupResult = LookupSuccess | LookupFailure;

export interface LookupSuccess {
  readonly ok: true;
  /** The name that decided, absolute. */
  readonly name: string;
  /** The answer sections of the responses that count, in the order of the types asked for. */
  readonly answers: readonly Answer[];
  readonly why: string;
}

export interface LookupFailure {
  readonly ok: false;
  readonly code: FailureCode;
  readonly why: string;
}

export function found(name: string, answers: readonly Answer[]): LookupSuccess {
  const types = [...new Set(answers.map(({ type }) => type))].join(' and ');
  return { ok: true, name, answers, why: `${name} has ${types}` };
}

export function failed(code: FailureCode, why: string): LookupFailure {
  return { ok: false, code, why };
}
