import { chainOf } from '../../dns/cname-chain.ts';
import { foldName, isAtOrBelow, type Name } from '../../dns/name.ts';
import { CNAME, DNAME, NS, type ResourceRecord, rr, SOA } from '../../dns/rr.ts';
import type { Query } from '../../plugin/query.ts';
import { headsOf, type Reply } from '../../plugin/reply.ts';

/** A client may take this long to hear that the type is no longer filtered, in seconds. */
const MAX_TTL = 1800;
/** RFC 6303 §3: the values for zones that a resolver makes itself. */
const TIMERS = { serial: 1, refresh: 3600, retry: 1200, expire: 604_800 };
const RNAME = 'nobody.invalid.';

/** The negative reply for a name that exists: the CNAME chain of a reply with answers of another type, and an SOA record. */
export function nodataFrom(reply: Reply, query: Query): Reply {
  const hasChain = headsOf(reply).hasType('answer', CNAME.code);
  const answer = hasChain ? reply.answer.filter(({ type }) => type === CNAME.code || type === DNAME.code) : [];
  const ttl = Math.min(headsOf(reply).smallestTtl(), MAX_TTL);
  const end = chainOf(answer).endOf(query.name) ?? query.name;
  const owner = end === query.name ? query.question.name : end;
  return {
    ...reply,
    ...{
      ad: false,
      tc: false,
      answer,
      authority: [soaOf(zoneOf(owner, reply), ttl)],
      additional: [],
      source: 'filter',
    },
  };
}

/**
 * The zone of a name, as far as the reply shows it. Without NS records, the name itself: caches accept an SOA record there, and no other name is
 * affected by it.
 */
function zoneOf(owner: Name, reply: Reply): Name {
  if (!headsOf(reply).hasType('authority', NS.code)) return owner;
  const end = foldName(owner);
  const servers = reply.authority.find(({ type, name }) => type === NS.code && isAtOrBelow(end, foldName(name)));
  return servers?.name ?? owner;
}

function soaOf(zone: Name, ttl: number): ResourceRecord {
  return rr(SOA, zone, ttl, { mname: zone, rname: RNAME, ...TIMERS, minimum: ttl });
}
