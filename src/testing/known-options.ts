import { checkKeys, checksWith } from '../base/check.ts';
import type { ErrorCode } from '../base/errors.ts';

/** Checks what a test passes to the kit. */
export const check = checksWith('CLUSTER');

/** @throws CairnError for an option that does not exist, and for a value that is no object; `what` names who takes the options */
export function checkKnown(
  what: string,
  options: unknown,
  known: readonly string[],
  code: ErrorCode = 'CLUSTER',
): void {
  checkKeys(code, what, options, known);
}
