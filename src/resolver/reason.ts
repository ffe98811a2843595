import type { ExplainedQuery, Explanation } from './api.ts';
import { dotsIn, isAbsolute } from './candidates.ts';
import { FAILURE_CODES, verdictOf } from './verdict.ts';

/** What a reason ends with that says what was probably meant. */
const HINT = /; (?:did you mean|there is one in) /;

/**
 * Why nothing was found, for people, as the servers say it: at the candidate that a name of its form most probably means. Undefined where no server says it.
 */
export function reasonOf({ name, stub, queries, result }: Explanation): string | undefined {
  if (result.ok) return undefined;
  const short = stub === 'node' && isShort(name) && result.code === 'ENOTFOUND';
  if (short) return `Node's dns.resolve* uses no search list: ${name}. was asked for, and does not exist`;
  const deciding = queries.filter(({ reply }) => reply && FAILURE_CODES[verdictOf(reply) as 'nodata'] === result.code);
  const reasons = new Map(deciding.map((query) => [query.name, saidOf(query)]));
  const said = [...reasons.values()];
  const meant = new Set(placesOf(name, said.length).flatMap((place) => said[place] ?? []));
  const hint = [...meant].find((reason) => HINT.test(reason));
  return hint ?? ([...meant].join('; ') || said.findLast((reason) => reason !== undefined));
}

function saidOf({ reply }: ExplainedQuery): string | undefined {
  return reply?.reason ?? reply?.extendedErrors[0];
}

/** Whether the name would only be found with a search list of a cluster: SERVICE, SERVICE.NAMESPACE, POD.SERVICE or SERVICE.NAMESPACE.svc. */
function isShort(name: string): boolean {
  const plain = withoutPort(name);
  return !isAbsolute(name) && (dotsIn(plain) <= 1 || /\.svc$/i.test(plain));
}

/** Which candidates the name may mean. A whole name is meant as it is typed, which a pod asks for last. */
function placesOf(name: string, count: number): number[] {
  const dots = dotsIn(withoutPort(name));
  if (!isShort(name)) return [count - 1];
  return dots === 0 ? [0] : dots === 1 ? [0, 1] : [2];
}

/** `_http._tcp.web` is `web` to the search list. */
function withoutPort(name: string): string {
  return name.replace(/^(?:_[^.]*\.)+/, '');
}
