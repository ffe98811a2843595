import { Rcode } from '../dns/message.ts';
import type { Name } from '../dns/name.ts';
import { isOfDenial } from '../dns/rr.ts';
import type { PluginEnv } from './env.ts';
import type { Query } from './query.ts';
import { notRepeatable } from './repeat.ts';
import { mapReply, type Reply } from './reply.ts';

/** What a plugin says of a name whose CNAME records lead to a name that is not its own. */
type CnameChain = Pick<Reply, 'source' | 'answer'> &
  /** What goes with the CNAME records, such as the proof that they are the records of the name. */
  Partial<Pick<Reply, 'authority' | 'additional' | 'ednsOptions'>>;

/** The reply to a name with a CNAME chain, completed by what the whole server says of the name at its end. */
export function followCnameChain(
  query: Query,
  chain: CnameChain,
  target: Name,
  resolve: PluginEnv['resolve'],
): Reply | Promise<Reply> {
  return mapReply(resolve(query, { ...query.question, name: target }), (found) => afterCnameChain(chain, found));
}

/**
 * The response code is that of the last name (RFC 6604 §3), and the SOA record and proofs of a denial go with it. REFUSED says that
 * the server has nothing to do with that name: then the answer ends with the chain, and the client goes on by itself (RFC 1034 §4.3.2).
 * That the server could not ask is a failure, as the chain alone would be an answer of no address.
 */
export function afterCnameChain(chain: CnameChain, target: Reply): Reply {
  const { source, answer, authority = [], additional = [], ednsOptions = [] } = chain;
  return {
    ...notRepeatable(target),
    rcode: target.rcode !== Rcode.REFUSED ? target.rcode : target.error ? Rcode.SERVFAIL : Rcode.NOERROR,
    aa: true,
    ad: false,
    answer: [...answer, ...target.answer],
    authority: [...authority, ...target.authority.filter(isOfDenial)],
    additional,
    ednsOptions: [...ednsOptions, ...(target.ednsOptions ?? [])],
    source,
    uncacheable: true, // the chain may change; what the target says is cached under the target's own name
  };
}
