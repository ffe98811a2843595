import { rcode } from '../../corefile/arguments.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Token } from '../../corefile/token.ts';
import { Class } from '../../dns/message.ts';
import { foldName } from '../../dns/name.ts';
import { CNAME, isOfType, QType, type ResourceRecord } from '../../dns/rr.ts';
import { notRepeatable } from '../../plugin/repeat.ts';
import { alterReply, mapRecords, mapReply, type Reply } from '../../plugin/reply.ts';
import type { Arguments } from './arguments.ts';
import { NAME_MATCHES, type NameMatch, nameRewrite, nameTest, readFromTo } from './name-match.ts';
import type { Rewrite } from './rule.ts';

const MAX_TTL = 2 ** 31 - 1;

/** Reads `[exact|prefix|suffix|substring|regex] NAME TTL|MIN-MAX|MIN-|-MAX`. */
export function parseTtlRule(args: Arguments): Rewrite {
  const matches = parseQnameTest(args, 2);
  const { min, max } = parseTtlRange(args.next('the TTL'));
  const bound = (record: ResourceRecord) => ({ ...record, ttl: Math.min(Math.max(record.ttl, min), max) });
  return onReply(matches, (reply) => mapRecords(reply, bound));
}

function parseTtlRange({ text, position }: Token): { min: number; max: number } {
  const [, low = '', dash, high = ''] = /^(\d*)(-?)(\d*)$/.exec(text) ?? [];
  const min = low === '' ? 0 : Number(low);
  const max = dash === '-' ? (high === '' ? MAX_TTL : Number(high)) : min;
  if (low + high !== '' && min <= max && max <= MAX_TTL) return { min, max };
  const forms = `TTL, MIN-MAX, MIN- or -MAX in seconds up to ${MAX_TTL}`;
  throw new CorefileError(position, `invalid TTL '${text}' for a ttl rule, expecting ${forms}`);
}

/** Reads `[exact|prefix|suffix|substring|regex] NAME OLD NEW`. */
export function parseRcodeRule(args: Arguments): Rewrite {
  const matches = parseQnameTest(args, 3);
  const old = rcode(args.next('the RCODE to match'));
  const written = rcode(args.next('the RCODE to write'));
  return onReply(matches, (reply) => (reply.rcode === old ? alterReply(reply, { rcode: written }) : reply));
}

/** Reads `[KIND] NAME`; without KIND, `total` words are left. The test is for the name of the lookup. */
function parseQnameTest(args: Arguments, total: number): (name: string) => boolean {
  const kind: NameMatch = args.left >= total + 1 ? args.oneOf(NAME_MATCHES, 'kind of match') : 'exact';
  return nameTest(kind, args.next('the name to match'));
}

function onReply(matches: (name: string) => boolean, change: (reply: Reply) => Reply): Rewrite {
  return (query) => (matches(query.name) ? { query, reply: change } : undefined);
}

/** Reads `[exact|prefix|suffix|substring|regex] FROM TO`, for the targets of CNAME records. */
export function parseCnameRule(args: Arguments): Rewrite {
  const kind = args.left > 2 ? args.oneOf(NAME_MATCHES, 'kind of cname rule') : 'exact';
  const rename = nameRewrite(kind, readFromTo(args));
  return (query, { resolve }) => ({
    query,
    reply(reply) {
      const found = findAlias(reply, rename);
      if (!found) return reply;
      const { links, name } = found;
      const answer = (rest: readonly ResourceRecord[]) => ({ ...notRepeatable(reply), answer: [...links, ...rest] });
      if (query.type === CNAME.code || query.type === QType.ANY || query.class !== Class.IN) return answer([]);
      // RFC 6604 §3: the rcode is that of the last name of the chain.
      return mapReply(resolve(query, { ...query.question, name }), (target) => ({
        ...answer(target.answer),
        rcode: target.rcode,
        authority: target.authority,
        additional: target.additional,
        ...(target.error && { error: target.error }),
      }));
    },
  });
}

/** The records up to the first CNAME record whose target is rewritten, with the new target; undefined if there is none. */
function findAlias(
  { answer }: Reply,
  rename: (name: string) => string | undefined,
): { links: readonly ResourceRecord[]; name: string } | undefined {
  for (const [i, record] of answer.entries()) {
    const name = isOfType(record, CNAME) ? rename(foldName(record.data.target)) : undefined;
    if (name !== undefined) return { links: [...answer.slice(0, i), { ...record, data: { target: name } }], name };
  }
  return undefined;
}
