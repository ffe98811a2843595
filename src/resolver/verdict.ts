import type { Answer, Reply } from './exchange.ts';
import type { FailureCode } from './result.ts';

/** What a reply amounts to. NODATA is no rcode: it is NOERROR with an empty answer section (RFC 2308 §2.2). */
export type Verdict = 'answer' | 'nodata' | 'nxdomain' | 'servfail' | 'refused' | 'formerr' | 'notimp';

const VERDICTS: ReadonlyMap<string, Verdict> = new Map([
  ['NXDOMAIN', 'nxdomain'],
  ['SERVFAIL', 'servfail'],
  ['REFUSED', 'refused'],
  ['FORMERR', 'formerr'],
  ['NOTIMP', 'notimp'],
]);

/** An rcode that no stub resolver knows by name counts as a refusal. */
export function verdictOf({ rcode, answers }: Reply): Verdict {
  if (rcode === 'NOERROR') return answers.length > 0 ? 'answer' : 'nodata';
  return VERDICTS.get(rcode) ?? 'refused';
}

/** Words for a verdict, to be put after a name. */
export const VERDICT_TEXT: Readonly<Record<Verdict, string>> = {
  answer: 'has data',
  nodata: 'has no data of this type',
  nxdomain: 'does not exist',
  servfail: 'met a server failure',
  refused: 'was refused',
  formerr: 'met a format error',
  notimp: 'met a server that does not implement this',
};

export const FAILURE_CODES: Readonly<Record<Exclude<Verdict, 'answer'>, FailureCode>> = {
  nodata: 'ENODATA',
  nxdomain: 'ENOTFOUND',
  servfail: 'ESERVFAIL',
  refused: 'EREFUSED',
  formerr: 'EFORMERR',
  notimp: 'ENOTIMP',
};

/**
 * Whether the reply is that of a server that knows nothing of the zone: neither data nor authority nor recursion. glibc
 * and Go ask the next server then, so a cluster DNS must set AA or RA on NODATA.
 */
export function isLame({ rcode, answers, aa, ra, additionals }: Reply): boolean {
  return rcode === 'NOERROR' && answers.length === 0 && !aa && !ra && additionals.length === 0;
}

/** Whether there is a record of the types asked for among them. */
export function hasRecordsOf(types: readonly string[], answers: readonly Answer[]): boolean {
  return answers.some(({ type }) => types.includes(type) || types.includes('ANY'));
}
