import { CairnError, type ErrorCode } from '../base/errors.ts';
import { closest } from '../corefile/suggest.ts';

/** @throws CairnError for an option that does not exist, and for a value that is no object; `what` names who takes the options */
export function checkKnown(
  what: string,
  options: unknown,
  known: readonly string[],
  code: ErrorCode = 'CLUSTER',
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new CairnError(code, `${what} takes an object with options, not ${JSON.stringify(options)}`);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = closest(unknown, known);
  const instead = meant === undefined ? `it has ${known.join(', ')}` : `did you mean ${meant}?`;
  throw new CairnError(code, `${what} has no option \`${unknown}\`; ${instead}`);
}
