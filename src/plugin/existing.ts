import { CairnError } from '../base/errors.ts';
import { Rcode } from '../dns/message.ts';
import { isOfType, type ResourceRecord, SOA } from '../dns/rr.ts';
import { createReply, type Reply } from './reply.ts';

/** A name that has records in a plugin, but none of the type in the question. */
export interface ExistingName {
  /** The plugin. */
  readonly source: string;
  /** The SOA record, which says how long the type's absence may be cached; undefined in a class without one. */
  soa(): ResourceRecord | undefined;
  /** The proof for clients that ask for signatures. */
  readonly proof?: readonly ResourceRecord[];
  /** Whether the reply is NODATA even if the plugins below fail. */
  readonly certain?: boolean;
}

/** No plugin of the block answers the query, so nothing is known of its name. */
export class UnservedError extends CairnError {}

/**
 * The reply to a query for an existing name: what the plugins below have of the type, else NODATA.
 *
 * A name exists for all types or for none (RFC 8020 §2), and stub resolvers rely on that: after NXDOMAIN for AAAA, a client does not use the A
 * records either.
 */
export function replyOfExisting(reply: Reply, { source, soa, proof = [], certain = false }: ExistingName): Reply {
  if (reply.drop || !(lacksName(reply) || (certain && reply.rcode !== Rcode.NOERROR))) return reply;
  const isDenial = reply.rcode === Rcode.NXDOMAIN;
  const record = soa();
  return createReply(source, {
    aa: true,
    authority: record ? [shortened(record, reply), ...proof] : [],
    error: reply.error instanceof UnservedError ? undefined : reply.error,
    // The plugins below may succeed the next time.
    uncacheable: isDenial ? reply.uncacheable : true,
    repeat: reply.repeat && { epochs: reply.repeat.epochs, untilMs: reply.repeat.untilMs, again: reply.repeat.again },
  });
}

/** Whether the plugins below know nothing of the name: it does not exist, or none of them serves it. */
function lacksName({ rcode, error }: Reply): boolean {
  return rcode === Rcode.NXDOMAIN || (rcode === Rcode.REFUSED && error === undefined) || error instanceof UnservedError;
}

/** The plugins below may have the type as soon as their own negative reply expires (RFC 2308 §5). */
function shortened(soa: ResourceRecord, { authority }: Reply): ResourceRecord {
  const below = authority.find((record) => isOfType(record, SOA));
  const ttl = below ? Math.min(soa.ttl, below.ttl, below.data.minimum) : soa.ttl;
  return ttl === soa.ttl ? soa : { ...soa, ttl };
}
