import { perObject } from '../../base/per-object.ts';
import { addressRecord } from '../../cluster/records.ts';
import type { Destination } from '../../declared/targets.ts';
import { Class } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { A, AAAA, CNAME, QType, type ResourceRecord, rr } from '../../dns/rr.ts';
import { ALL, type Portion } from '../../plugin/portion.ts';
import type { DeclaredRecord } from '../../registry/declared-records.ts';

/** The records of a type, or with ANY all records, that a name has by where it leads. */
export function recordsOf(
  destination: Destination,
  type: number,
  owner: Name,
  ttl: number,
  portion: Portion = ALL,
): readonly ResourceRecord[] {
  switch (destination.kind) {
    case 'addresses': {
      const families = byFamily(destination.addresses);
      const ofType = (each: number) => families.get(each) ?? [];
      const addresses = type === QType.ANY ? [...ofType(A.code), ...ofType(AAAA.code)] : ofType(type);
      return portion.addresses(addresses).map((address) => addressRecord(address, owner, ttl));
    }
    case 'alias':
      return isAsked(CNAME.code, type) ? [rr(CNAME, owner, ttl, { target: destination.target })] : [];
    case 'records':
      return declaredRecords(
        destination.records.filter((record) => isAsked(record.type, type)),
        owner,
        ttl,
      );
    case 'nothing':
      return [];
  }
}

function isAsked(own: number, type: number): boolean {
  return own === type || type === QType.ANY;
}

/** Each address once. Kept for each list, as it may be very long. */
const byFamily = perObject((addresses: readonly string[]) => Map.groupBy(new Set(addresses), familyOf));

function familyOf(address: string): number {
  return address.includes(':') ? AAAA.code : A.code;
}

/** The records of an RRset have one TTL, the lowest (RFC 2181 §5.2). */
function declaredRecords(declared: readonly DeclaredRecord[], owner: Name, ttl: number): readonly ResourceRecord[] {
  const ttls = new Map<number, number>();
  for (const { type, ttl: own = ttl } of declared) ttls.set(type, Math.min(own, ttls.get(type) ?? own));
  return declared.map(({ type, data }) => ({ name: owner, type, class: Class.IN, ttl: ttls.get(type)!, data }));
}

/** The target of the CNAME record of a name; undefined if it has none. */
export function aliasOf(destination: Destination): Name | undefined {
  if (destination.kind === 'alias') return destination.target;
  if (destination.kind !== 'records') return undefined;
  const alias = destination.records.find(({ type }) => type === CNAME.code);
  return alias && (alias.data as { readonly target: Name }).target;
}
