import { Rcode } from '../../dns/message.ts';
import { foldName, isAtOrBelow, MAX_NAME_OCTETS, type Name, wireLength } from '../../dns/name.ts';
import { A, AAAA, CNAME, rr } from '../../dns/rr.ts';
import type { Handler } from '../../plugin/plugin.ts';
import { type Query, withQuestion } from '../../plugin/query.ts';
import { notRepeatable } from '../../plugin/repeat.ts';
import type { Reply } from '../../plugin/reply.ts';

/**
 * The names that a resolver with this search list asks for after `query`; the last one is the name as typed. Empty if `query` is not the first of the
 * lookup.
 */
export function laterNames({ name, question }: Query, searchList: readonly Name[]): readonly Name[] {
  const [first, ...others] = searchList;
  if (first === undefined || name === first || !isAtOrBelow(name, first)) return [];
  const base = question.name.slice(0, question.name.length - first.length);
  return [...others.map((domain) => base + domain), base].filter((later) => wireLength(later) <= MAX_NAME_OCTETS);
}

/**
 * The reply for the first of these names that exists, or whose lookup fails, as a reply to `query`; undefined if none exists.
 *
 * A name must exist for both address families or for none. Otherwise a client would get one address for this name, and then a negative response for a
 * later name of its search list.
 */
export async function findLater(query: Query, names: readonly Name[], next: Handler): Promise<Reply | undefined> {
  for (const name of names) {
    const later = withQuestion(query, { ...query.question, name });
    const reply = await next(later);
    if (reply.error || reply.drop) return reply;
    if (reply.rcode !== Rcode.NXDOMAIN) return behindAlias(query, reply);
    if (await existsForOther(later, reply, next)) return { ...notRepeatable(reply), rcode: Rcode.NOERROR };
  }
  return undefined;
}

/** The reply with a CNAME record from the name in the question to the name that was found. */
function behindAlias({ name, question }: Query, reply: Reply): Reply {
  const [first] = reply.answer;
  if (!first || foldName(first.name) === name) return notRepeatable(reply);
  const alias = rr(CNAME, question.name, first.ttl, { target: first.name });
  return { ...notRepeatable(reply), answer: [alias, ...reply.answer] };
}

/** Whether a name that does not exist for A exists for AAAA, or the other way round. An authoritative server says the same for both. */
async function existsForOther(later: Query, { aa }: Reply, next: Handler): Promise<boolean> {
  if (aa || (later.type !== A.code && later.type !== AAAA.code)) return false;
  const type = later.type === A.code ? AAAA.code : A.code;
  const other = await next(withQuestion(later, { ...later.question, type }));
  return other.rcode === Rcode.NOERROR && other.answer.length > 0;
}
