import type { Answer, Reply } from './exchange.ts';
import type { FailureCode } from './result.ts';

/** The meaning of a response. NODATA is not an rcode: it is NOERROR with an empty answer section (RFC 2308 §2.2). */
type Verdict = 'answer' | 'nodata' | 'nxdomain' | 'servfail' | 'refused' | 'formerr' | 'notimp';

const VERDICTS: ReadonlyMap<string, Verdict> = new Map([
  ['NXDOMAIN', 'nxdomain'],
  ['SERVFAIL', 'servfail'],
  ['REFUSED', 'refused'],
  ['FORMERR', 'formerr'],
  ['NOTIMP', 'notimp'],
]);

/** The meaning of a response; an rcode that no stub resolver knows counts as REFUSED. */
export function verdictOf({ rcode, answers }: Reply): Verdict {
  if (rcode === 'NOERROR') return answers.length > 0 ? 'answer' : 'nodata';
  return VERDICTS.get(rcode) ?? 'refused';
}

/** The words for a verdict, after a name. */
export const VERDICT_TEXT: Readonly<Record<Verdict, string>> = {
  answer: 'has data',
  nodata: 'has no data of this type',
  nxdomain: 'does not exist',
  servfail: 'got SERVFAIL',
  refused: 'got REFUSED',
  formerr: 'got FORMERR',
  notimp: 'got NOTIMP',
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
 * Whether the response comes from a server that does not know the zone: it has neither data nor authority nor recursion. Then glibc and Go ask the
 * next server, so a cluster DNS server must set AA or RA on NODATA.
 */
export function isLame({ rcode, answers, aa, ra, additionals }: Reply): boolean {
  return rcode === 'NOERROR' && answers.length === 0 && !aa && !ra && additionals.length === 0;
}

/** Whether there is a record of the types asked for among them. */
export function hasRecordsOf(types: readonly string[], answers: readonly Answer[]): boolean {
  return answers.some(({ type }) => types.includes(type) || types.includes('ANY'));
}
