import { foldName } from '../../dns/name.ts';
import { A, HTTPS, isOfType, QType, type ResourceRecord, RRSIG, SVCB } from '../../dns/rr.ts';
import { hasParam, SvcParam, withoutParam } from '../../dns/svc-params.ts';
import type { Query } from '../../plugin/query.ts';
import { headsOf, type Reply } from '../../plugin/reply.ts';
import { nodataFrom } from './nodata.ts';
import type { Rule } from './options.ts';

/** Whether a client that validates could not use the reply without one of its records. */
export function isSignedFor({ edns }: Query, reply: Reply): boolean {
  if (!edns?.do) return false;
  const heads = headsOf(reply);
  return heads.hasType('answer', RRSIG.code) || heads.hasType('authority', RRSIG.code);
}

/** The reply to a query for any other type, without the addresses of the filtered type, and without their hints. */
export function strip(reply: Reply, query: Query, rule: Rule): Reply {
  if (!hasFiltered(reply, rule) || isSignedFor(query, reply)) return reply;
  const answer = stripRecords(reply.answer, rule);
  if (query.type === QType.ANY && answer.length === 0) return nodataFrom(reply, query);
  return { ...reply, ad: false, answer, additional: stripRecords(reply.additional, rule) };
}

/** Decodes no record: most replies have nothing to filter. */
function hasFiltered(reply: Reply, { type }: Rule): boolean {
  const heads = headsOf(reply);
  const types = [type.code, HTTPS.code, SVCB.code];
  return types.some((code) => heads.hasType('answer', code) || heads.hasType('additional', code));
}

function stripRecords(
  records: readonly ResourceRecord[],
  { type, other, unlessOnly }: Rule,
): readonly ResourceRecord[] {
  const others = new Set(records.filter((record) => record.type === other.code).map(ownerOf));
  const isFiltered = (record: ResourceRecord) =>
    (isOfType(record, RRSIG) ? record.data.covered : record.type) === type.code &&
    (!unlessOnly || others.has(ownerOf(record)));
  const [hint, otherHint] = type === A ? HINTS : [...HINTS].reverse();
  return records
    .filter((record) => !isFiltered(record))
    .map((record) => {
      if (!isOfType(record, SVCB) && !isOfType(record, HTTPS)) return record;
      const { params } = record.data;
      if (unlessOnly && !hasParam(params, otherHint!)) return record;
      const changed = withoutParam(params, hint!);
      return changed === params ? record : { ...record, data: { ...record.data, params: changed } };
    });
}

const HINTS = [SvcParam.ipv4hint, SvcParam.ipv6hint];

function ownerOf({ name }: ResourceRecord): string {
  return foldName(name);
}
