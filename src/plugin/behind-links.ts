import { Rcode } from '../dns/message.ts';
import { type ResourceRecord, SOA } from '../dns/rr.ts';
import { notRepeatable } from './repeat.ts';
import type { Reply } from './reply.ts';

/**
 * The reply to a name whose CNAME records lead to `target`, which somebody else has answered: its rcode counts (RFC 6604 §3), and the
 * SOA of a denial goes with it. What the server has nothing to do with is left to the client.
 */
export function behindLinks(source: string, links: readonly ResourceRecord[], target: Reply): Reply {
  return {
    ...notRepeatable(target),
    rcode: target.rcode === Rcode.REFUSED ? Rcode.NOERROR : target.rcode,
    aa: true,
    ad: false,
    answer: [...links, ...target.answer],
    authority: target.authority.filter(({ type }) => type === SOA.code),
    additional: [],
    source,
    uncacheable: true, // the links may change; what the target says is cached under the target's own name
  };
}
