import { Rcode } from '../dns/message.ts';
import type { Name } from '../dns/name.ts';
import { isOfDenial } from '../dns/rr.ts';
import type { PluginEnv } from './env.ts';
import type { Query } from './query.ts';
import { notRepeatable } from './repeat.ts';
import { mapReply, type Reply } from './reply.ts';

/** A plugin's records for a name whose CNAME chain leads out of the plugin's own names. */
type CnameChain = Pick<Reply, 'source' | 'answer'> &
  /** What goes with the CNAME records, such as the proof that they belong to the name. */
  Partial<Pick<Reply, 'authority' | 'additional' | 'ednsOptions'>>;

/** The reply for a name with a CNAME chain, completed by the server's reply for the target of the chain. */
export function followCnameChain(
  query: Query,
  chain: CnameChain,
  target: Name,
  resolve: PluginEnv['resolve'],
): Reply | Promise<Reply> {
  return mapReply(resolve(query, { ...query.question, name: target }), (found) => afterCnameChain(chain, found));
}

/**
 * The response code is that of the target (RFC 6604 §3), and so are the SOA record and proofs of a negative reply. REFUSED means that the server does
 * not serve the target: then the answer ends with the chain, and the client looks up the target itself (RFC 1034 §4.3.2). If the lookup of the target
 * fails, the reply is a failure: the chain alone would mean that there is no address.
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
    uncacheable: true, // the chain may change; the target's records are cached under the target's name
  };
}
