import { type Prefix, parseIP, prefixContains, unmapIP } from '../../dns/ip.ts';
import { A, AAAA, CNAME, DNAME, MX, type ResourceRecord } from '../../dns/rr.ts';
import { shuffle } from '../../plugin/shuffle.ts';

export type Records = readonly ResourceRecord[];

export function isAddress({ type }: Pick<ResourceRecord, 'type'>): boolean {
  return type === A.code || type === AAAA.code;
}

/**
 * The records of one section, with addresses and MX records in random order: first the CNAME chain in its order, then all other records as they were,
 * then the addresses, then the MX records. A section without addresses and MX records stays as it is.
 */
export function shuffleSection(records: Records, random: () => number): Records {
  if (records.length < 2) return records;
  const aliases: ResourceRecord[] = [];
  const others: ResourceRecord[] = [];
  const addresses: ResourceRecord[] = [];
  const exchanges: ResourceRecord[] = [];
  for (const record of records) {
    if (record.type === CNAME.code || record.type === DNAME.code) aliases.push(record);
    else if (isAddress(record)) addresses.push(record);
    else if (record.type === MX.code) exchanges.push(record);
    else others.push(record);
  }
  if (addresses.length + exchanges.length === 0) return records;
  return [...aliases, ...others, ...shuffle(addresses, random), ...shuffle(exchanges, random)];
}

/** Sorts addresses by the first network that holds them; addresses in no network come last. Other records stay in place. */
export function preferNetworks(records: Records, networks: readonly Prefix[]): Records {
  const addresses = records.filter(isAddress);
  if (addresses.length < 2) return records;
  const rankOf = (record: ResourceRecord): number => {
    // Rdata may be empty.
    const { address = '' } = record.data as { address?: string };
    const ip = parseIP(address);
    const rank = ip ? networks.findIndex((network) => prefixContains(network, unmapIP(ip))) : -1;
    return rank === -1 ? networks.length : rank;
  };
  const ranked = addresses.map((record) => ({ record, rank: rankOf(record) })).sort((a, b) => a.rank - b.rank);
  let next = 0;
  return records.map((record) => (isAddress(record) ? ranked[next++]!.record : record));
}
