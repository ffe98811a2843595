import { CairnError } from '../base/errors.ts';
import type { FailureCode } from './result.ts';

/** A failed lookup, with the properties of node:dns's errors. */
export class ResolverError extends CairnError {
  /** What failed: `getaddrinfo`, or `query` with a type, such as `querySrv`. */
  readonly syscall: string;
  readonly hostname: string;

  constructor(code: FailureCode | 'EINVAL', syscall: string, hostname: string, why: string) {
    super(code, `${syscall} ${code} ${hostname}: ${why}`);
    this.syscall = syscall;
    this.hostname = hostname;
  }
}
