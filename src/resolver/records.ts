import type { AnyRecord, CaaRecord, MxRecord, NaptrRecord, SoaRecord, SrvRecord } from 'node:dns';
import type { CaaData, MxData, NaptrData, SoaData, SrvData } from 'dns-packet';
import type { TlsaRecord } from './api.ts';
import type { Answer } from './exchange.ts';

/** Converts the data that `dns-packet` decodes to the forms of node:dns. */
export const asText = (data: unknown): string => String(data);

export function asCaa(data: unknown): CaaRecord {
  const { flags = 0, tag, value } = data as CaaData;
  return { critical: flags, [tag]: value, type: 'CAA' } as unknown as CaaRecord;
}

export function asMx(data: unknown): MxRecord {
  const { exchange, preference = 0 } = data as MxData;
  return withType('MX', { exchange, priority: preference });
}

export function asNaptr(data: unknown): NaptrRecord {
  const { order, preference, flags, services, regexp, replacement } = data as NaptrData;
  return { order, preference, flags, service: services, regexp, replacement };
}

export function asSoa(data: unknown): SoaRecord {
  const { mname, rname, serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0 } = data as SoaData;
  return { nsname: mname, hostmaster: rname, serial, refresh, retry, expire, minttl: minimum };
}

export function asSrv(data: unknown): SrvRecord {
  const { target, port, priority = 0, weight = 0 } = data as SrvData;
  return withType('SRV', { name: target, port, priority, weight });
}

/** Node.js gives some records their type, of which its types know nothing. */
function withType<T>(type: string, record: T): T {
  return { ...record, type };
}

/** The strings of a TXT record, each of 255 octets at most. */
export function asTxt(data: unknown): string[] {
  return (Array.isArray(data) ? data : [data]).map((part) => (part as Buffer | string).toString());
}

export function asTlsa(data: unknown): TlsaRecord {
  const { usage, selector, matchingType, certificate } = data as {
    readonly usage: number;
    readonly selector: number;
    readonly matchingType: number;
    readonly certificate: Uint8Array;
  };
  return { certUsage: usage, selector, match: matchingType, data: Uint8Array.from(certificate).buffer };
}

/** How a record looks among those of `resolveAny`; none of a type that Node.js does not know. */
export function asAny({ type, ttl, data }: Answer): AnyRecord[] {
  switch (type) {
    case 'A':
    case 'AAAA':
      return [{ type, address: String(data), ttl }];
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return [{ type, value: asText(data) } as AnyRecord];
    case 'MX':
      return [{ type, ...asMx(data) }];
    case 'NAPTR':
      return [{ type, ...asNaptr(data) }];
    case 'SOA':
      return [{ type, ...asSoa(data) }];
    case 'SRV':
      return [{ type, ...asSrv(data) }];
    case 'TXT':
      return [{ type, entries: asTxt(data) }];
    case 'CAA':
      return [{ type, ...asCaa(data) }];
    case 'TLSA':
      return [{ type, ...asTlsa(data) }];
    default:
      return [];
  }
}
