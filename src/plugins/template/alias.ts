import { Rcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { CNAME, isOfType, QType, SOA } from '../../dns/rr.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { Query } from '../../plugin/query.ts';
import { notRepeatable } from '../../plugin/repeat.ts';
import { mapReply, type Reply } from '../../plugin/reply.ts';

/** The reply with what the whole server says of the target of its last alias, if it does not say that itself. */
export function followAlias(query: Query, reply: Reply, resolve: PluginEnv['resolve']): Reply | Promise<Reply> {
  const target = openAlias(query, reply);
  if (target === undefined) return reply;
  return mapReply(resolve(query, { ...query.question, name: target }), (found) => ({
    ...notRepeatable(reply),
    rcode: found.rcode, // RFC 6604 §3
    answer: [...reply.answer, ...found.answer],
    authority: [...reply.authority, ...found.authority.filter((record) => isOfType(record, SOA))],
    ...(found.error && { error: found.error }),
  }));
}

function openAlias({ type }: Query, { rcode, answer }: Reply): Name | undefined {
  const last = answer.at(-1);
  if (rcode !== Rcode.NOERROR || !last || !isOfType(last, CNAME)) return undefined;
  if (type === CNAME.code || type === QType.ANY || answer.some((record) => record.type === type)) return undefined;
  return last.data.target;
}
