import type { Answer } from './exchange.ts';

/** node:dns's codes, the same for every stub resolver. */
export type FailureCode =
  | 'ENOTFOUND'
  | 'ENODATA'
  | 'ESERVFAIL'
  | 'EREFUSED'
  | 'ETIMEOUT'
  | 'ECONNREFUSED'
  | 'EBADNAME'
  | 'EBADRESP';

/** How a look-up ended. */
export type LookupResult = LookupSuccess | LookupFailure;

export interface LookupSuccess {
  readonly ok: true;
  readonly why: string;
  /** The name that decided, absolute. */
  readonly name: string;
  /** The answer sections of the replies that count, in the order of the types asked for. */
  readonly answers: readonly Answer[];
}

export interface LookupFailure {
  readonly ok: false;
  readonly why: string;
  readonly code: FailureCode;
  /** What the program sees, such as EAI_AGAIN from getaddrinfo. */
  readonly native: string;
}
