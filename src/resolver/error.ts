import { CairnError } from '../base/errors.ts';
import type { FailureCode } from './result.ts';

/** The codes that `dns.lookup` has beside those of `dns.resolve`. */
type LookupCode = 'EAI_AGAIN' | 'EAI_FAIL';

/** A failed lookup, with the properties of node:dns's errors. */
export class ResolverError extends CairnError {
  /** As libuv numbers it; undefined for `resolve*`, as with Node.js. */
  readonly errno: number | undefined;
  /** What failed: `getaddrinfo`, `getHostByAddr`, or `query` with a type, such as `querySrv`. */
  readonly syscall: string;
  /** Undefined for an empty name, as with Node.js. */
  readonly hostname: string | undefined;

  constructor(
    code: FailureCode | LookupCode | 'EINVAL' | 'ECANCELLED',
    syscall: string,
    hostname: string,
    why: string,
    errno?: number,
  ) {
    super(code, failureText(code, syscall, hostname, why));
    this.errno = errno;
    this.syscall = syscall;
    this.hostname = hostname === '' ? undefined : hostname;
  }
}

/** `getaddrinfo ENOTFOUND wbe: namespace shop has no service wbe`: Node's text, and why. */
export function failureText(code: string, syscall: string, hostname: string, why: string): string {
  return `${syscall} ${code} ${hostname}: ${why}`;
}

/** What getaddrinfo says, by the result of the lookup. It has fewer codes. */
const LOOKUP_CODES: Readonly<Record<FailureCode, 'ENOTFOUND' | LookupCode>> = {
  ENOTFOUND: 'ENOTFOUND',
  ENODATA: 'ENOTFOUND',
  EBADNAME: 'ENOTFOUND',
  ESERVFAIL: 'EAI_AGAIN',
  ETIMEOUT: 'EAI_AGAIN',
  ECONNREFUSED: 'EAI_AGAIN',
  EREFUSED: 'EAI_AGAIN',
  EFORMERR: 'EAI_FAIL',
  ENOTIMP: 'EAI_FAIL',
};

/** As libuv numbers them. */
const ERRNOS = { EAI_AGAIN: -3001, EAI_FAIL: -3004, ENODATA: -3007, ENOTFOUND: -3008 } as const;

/** The error of `lookup`. */
export function lookupError(found: FailureCode, hostname: string, why: string): ResolverError {
  const code = LOOKUP_CODES[found];
  return new ResolverError(code, 'getaddrinfo', hostname, why, ERRNOS[found === 'ENODATA' ? found : code]);
}

/** `queryA`, `querySrv` */
export function syscallOf(type: string): string {
  return `query${type[0]}${type.slice(1).toLowerCase()}`;
}
