import type { ExplainedQuery, Explanation } from './api.ts';
import { dotsIn, isAbsolute, problemOf } from './candidates.ts';
import { FAILURE_CODES, VERDICT_TEXT, verdictOf } from './verdict.ts';

/** What a reason ends with that says what was probably meant. */
const HINT = /; (?:did you mean|there is one in) /;

/**
 * Why nothing was found, for people, as the servers say it: at the candidate that a name of its form most probably means. If nothing was asked, or no
 * server responded, it says that. Undefined where something else decided.
 */
export function reasonOf({ name, stub, queries, result }: Explanation): string | undefined {
  if (result.ok) return undefined;
  if (queries.length === 0) return problemOf(name);
  if (queries.every(({ reply }) => !reply)) return silence(queries);
  const short = stub === 'node' && isShort(name) && result.code === 'ENOTFOUND';
  if (short) return `Node's dns.resolve* uses no search list: ${name}. was asked for, and does not exist`;
  const deciding = queries.filter(({ reply }) => reply && FAILURE_CODES[verdictOf(reply) as 'nodata'] === result.code);
  const reasons = new Map(deciding.map((query) => [query.name, saidOf(query)]));
  const said = [...reasons.values()];
  if (!isShort(name)) return reasons.get(isAbsolute(name) ? name : `${name}.`) ?? said.at(-1);
  const failed = failureOf(queries, placesOf(name), reasons);
  if (failed) return failed;
  const meant = new Set(placesOf(name).flatMap((place) => said[place] ?? []));
  return [...meant].find((reason) => HINT.test(reason)) ?? ([...meant].join('; ') || said.at(-1));
}

/** What went wrong where the name would be found: a resolver that goes on to other names gives away only that these do not exist. */
function failureOf(
  queries: readonly ExplainedQuery[],
  places: readonly number[],
  decided: ReadonlyMap<string, string>,
) {
  const names = [...new Set(queries.map(({ name }) => name))];
  const meant = places.map((place) => names[place]).filter((name) => name !== undefined && !decided.has(name));
  const query = queries.findLast(({ name }) => meant.includes(name));
  if (!query) return undefined;
  return query.reply ? saidOf(query) : `no response for ${query.type} of ${query.name} came in time`;
}

/** Which servers gave no response at all, and how. */
function silence(queries: readonly ExplainedQuery[]): string {
  const unreachable = new Set(queries.filter(({ outcome }) => outcome === 'unreachable').map(({ server }) => server));
  const servers = [...new Set(queries.map(({ server }) => server))];
  return servers
    .map((server) => (unreachable.has(server) ? `${server} cannot be reached` : `no response from ${server} in time`))
    .join('; ');
}

/** What the server said, or else what that amounts to. */
function saidOf({ name, reply }: ExplainedQuery): string {
  return reply?.reason ?? reply?.extendedErrors[0] ?? `${name} ${VERDICT_TEXT[verdictOf(reply!)]}`;
}

/** Whether the name would only be found with a search list of a cluster: SERVICE, SERVICE.NAMESPACE, POD.SERVICE or SERVICE.NAMESPACE.svc. */
function isShort(name: string): boolean {
  const plain = withoutPort(name);
  return !isAbsolute(name) && (dotsIn(plain) <= 1 || /\.svc$/i.test(plain));
}

/** Which candidates a short name may mean: those with the namespace, with `svc` and with the cluster's domain alone are in this order. */
function placesOf(name: string): number[] {
  const dots = dotsIn(withoutPort(name));
  return dots === 0 ? [0] : dots === 1 ? [0, 1] : [2];
}

/** `_http._tcp.web` is `web` to the search list. */
function withoutPort(name: string): string {
  return name.replace(/^(?:_[^.]*\.)+/, '');
}
