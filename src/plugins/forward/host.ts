import { lookup } from 'node:dns/promises';
import { CairnError } from '../../base/errors.ts';
import { Class, queryMessage } from '../../dns/message.ts';
import { parseName } from '../../dns/name.ts';
import { A, AAAA, isOfType, printType } from '../../dns/rr.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import type { Peer } from '../../net/transport.ts';
import { exchangeUdp } from '../../net/upstream/udp.ts';
import type { Clock } from '../../observe/clock.ts';

const TIMEOUT_MS = 2000;

/**
 * All addresses of a host, from the first of `resolvers` that has one; without resolvers, from the system.
 *
 * @throws Error (as a rejection) if there are none.
 */
export async function resolveHost(host: string, resolvers: readonly Peer[], clock: Clock): Promise<string[]> {
  if (resolvers.length === 0) return (await lookup(host, { all: true })).map(({ address }) => address);
  let failure: unknown;
  for (const resolver of resolvers) {
    try {
      const found = await Promise.all([A, AAAA].map((type) => addressesOf(host, type, resolver, clock)));
      if (found.flat().length > 0) return found.flat();
    } catch (thrown) {
      failure = thrown;
    }
  }
  throw failure ?? new CairnError('FORWARD', `no A or AAAA record of '${host}'`);
}

async function addressesOf(
  host: string,
  type: typeof A | typeof AAAA,
  resolver: Peer,
  clock: Clock,
): Promise<string[]> {
  const query = encodeMessage(queryMessage({ name: parseName(host), type: type.code, class: Class.IN }));
  const reply = decodeMessage(await exchangeUdp(query, resolver, TIMEOUT_MS, { clock }));
  if (reply.tc) throw new CairnError('FORWARD', `the ${printType(type.code)} records of '${host}' are truncated`);
  return reply.answer.flatMap((record) => (isOfType(record, type) ? [record.data.address] : []));
}
