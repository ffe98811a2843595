import type { CaaRecord, MxRecord, NaptrRecord, SoaRecord, SrvRecord } from 'node:dns';
import type { CaaData, MxData, NaptrData, SoaData, SrvData } from 'dns-packet';

/** Converts the data that `dns-packet` decodes to the forms of node:dns. */
export const asText = (data: unknown): string => String(data);

export function asCaa(data: unknown): CaaRecord {
  const { flags = 0, tag, value } = data as CaaData;
  return { critical: flags, [tag]: value } as CaaRecord;
}

export function asMx(data: unknown): MxRecord {
  const { exchange, preference = 0 } = data as MxData;
  return { exchange, priority: preference };
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
  return { name: target, port, priority, weight };
}

/** The strings of a TXT record, each of 255 octets at most. */
export function asTxt(data: unknown): string[] {
  return (Array.isArray(data) ? data : [data]).map((part) => (part as Buffer | string).toString());
}
