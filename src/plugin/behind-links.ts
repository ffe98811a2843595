import { Rcode } from '../dns/message.ts';
import type { ResourceRecord } from '../dns/rr.ts';
import { isOfDenial } from './denial.ts';
import { notRepeatable } from './repeat.ts';
import type { Reply } from './reply.ts';

/** The way to a name that somebody else answers. */
export interface Links {
  /** The CNAME records. */
  readonly answer: readonly ResourceRecord[];
  /** What shows that these are the records of the name, for who asked for signatures. */
  readonly proof?: readonly ResourceRecord[];
}

/**
 * The reply to a name whose CNAME records lead to `target`, which somebody else has answered: its rcode counts (RFC 6604 §3), and the
 * SOA of a denial goes with it, as do its proofs. What the server has nothing to do with is left to the client; that it could not ask is a
 * failure, as without the target the links are an answer of no address.
 */
export function behindLinks(source: string, { answer, proof = [] }: Links, target: Reply): Reply {
  return {
    ...notRepeatable(target),
    rcode: target.rcode !== Rcode.REFUSED ? target.rcode : target.error ? Rcode.SERVFAIL : Rcode.NOERROR,
    aa: true,
    ad: false,
    answer: [...answer, ...target.answer],
    authority: [...proof, ...target.authority.filter(isOfDenial)],
    additional: [],
    source,
    uncacheable: true, // the links may change; what the target says is cached under the target's own name
  };
}
