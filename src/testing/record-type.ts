import { CairnError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import { parseType, typeNames } from '../dns/rr.ts';

/** The code of a record type. @throws CairnError for one that does not exist */
export function readRecordType(text: string): number {
  const type = parseType(text);
  if (type !== undefined) return type;
  const instead = didYouMean(text, typeNames()) || ': write one such as A, SRV or TYPE65';
  throw new CairnError('TYPE', `"${text}" is not a record type${instead}`);
}
