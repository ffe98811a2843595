import { Class, Rcode } from '../../dns/message.ts';
import { foldName, type Name } from '../../dns/name.ts';
import { printRdata } from '../../dns/presentation.ts';
import { A, AAAA, isOfType, type ResourceRecord, SRV } from '../../dns/rr.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { Query } from '../../plugin/query.ts';
import { notRepeatable } from '../../plugin/repeat.ts';
import type { Reply } from '../../plugin/reply.ts';

/** How many hosts are looked up for one reply. */
export const MAX_TARGETS = 8;
/** After this time the SRV records are sent without addresses, and the client can look these up itself. */
const MAX_WAIT_MS = 1000;

/** The targets of SRV records without addresses in the reply: host names of load balancers, which other servers resolve. */
export function missingTargets({ answer, additional }: Reply): readonly Name[] {
  const there = new Set(additional.map(({ name }) => foldName(name)));
  const named = answer.flatMap((record) => (isOfType(record, SRV) ? [record.data.target] : []));
  return [...new Set(named)].filter((target) => !there.has(foldName(target))).slice(0, MAX_TARGETS);
}

/** The reply with the addresses of these hosts (RFC 2782) that the server finds in time. */
export async function withAddresses(
  query: Query,
  reply: Reply,
  targets: readonly Name[],
  { resolve, clock }: Pick<PluginEnv, 'resolve' | 'clock'>,
): Promise<Reply> {
  const additional = [...reply.additional];
  const lookUp = async (name: Name, type: number) => {
    const { rcode, answer } = await resolve(query, { name, type, class: Class.IN });
    if (rcode === Rcode.NOERROR) additional.push(...answer);
  };
  const lookups = targets.flatMap((name) => [lookUp(name, A.code), lookUp(name, AAAA.code)]);
  const late = Promise.withResolvers<void>();
  const timer = clock.after(MAX_WAIT_MS, late.resolve);
  await Promise.race([Promise.allSettled(lookups), late.promise]);
  timer.cancel();
  return { ...notRepeatable(reply), additional: withoutTwins(additional) };
}

/** Both lookups of a host have its CNAME records. */
function withoutTwins(records: readonly ResourceRecord[]): ResourceRecord[] {
  const keyOf = (record: ResourceRecord) => `${foldName(record.name)} ${record.type} ${printRdata(record)}`;
  return [...new Map(records.map((record) => [keyOf(record), record])).values()];
}
