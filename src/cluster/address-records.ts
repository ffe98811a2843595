import type { Name } from '../dns/name.ts';
import { A, AAAA, type ResourceRecord, rr } from '../dns/rr.ts';

/** A and AAAA records for addresses in canonical text. */
export function addressRecords(addresses: readonly string[], owner: Name, ttl: number): ResourceRecord[] {
  return addresses.map((address) => addressRecord(address, owner, ttl));
}

export function addressRecord(address: string, owner: Name, ttl: number): ResourceRecord {
  return rr(address.includes(':') ? AAAA : A, owner, ttl, { address });
}
