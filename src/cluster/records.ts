import type { Name } from '../dns/name.ts';
import { A, AAAA, NS, PTR, type ResourceRecord, rr, SOA, SRV, TXT } from '../dns/rr.ts';
import { ALL, type Portion } from '../plugin/portion.ts';
import type { Serial } from '../registry/serial.ts';
import { addressRecords } from './address-records.ts';
import { type ApexSettings, nameserverAddresses, nsRecords, soaRecord, versionRecord } from './apex.ts';
import type { AddressesByFamily, Contents } from './contents.ts';
import { srvRecords } from './srv.ts';

/** The records of one type, and those that spare the client its next questions. */
export interface Records {
  readonly answer: readonly ResourceRecord[];
  readonly additional?: readonly ResourceRecord[];
}

const NO_RECORDS: Records = { answer: [] };

/** What records say beyond what stands at their name. */
export interface RecordSettings extends ApexSettings {
  readonly serial: Serial;
  /** The zone that the names of the name servers lie in; undefined for the zone itself. */
  readonly hostZone: Name | undefined;
}

/**
 * The records of one type at a name, none if it has none. `owner` and `zone` are in the client's spelling. With a `portion`, there are
 * only as many as can fit into the reply.
 */
export function recordsOf(
  contents: Contents,
  type: number,
  owner: Name,
  zone: Name,
  settings: RecordSettings,
  portion: Portion = ALL,
): Records {
  const { ttl } = settings;
  switch (contents.kind) {
    case 'apex':
      return apexRecords(type, owner, zone, settings);
    case 'version':
      return type === TXT.code ? { answer: [versionRecord(owner)] } : NO_RECORDS;
    case 'nameserver':
      return { answer: addressRecords(addressesOfType(nameserverAddresses(settings), type), owner, ttl) };
    case 'service':
    case 'headless':
    case 'endpoint':
      if (type === SRV.code) return srvRecords(contents, owner, zone, ttl, portion);
      return { answer: addressRecords(portion.addresses(addressesOfType(contents, type)), owner, ttl) };
    case 'pod':
    case 'external-ip':
      return { answer: addressRecords(addressesOfType(contents, type), owner, ttl) };
    case 'ptr':
      if (type !== PTR.code) return NO_RECORDS;
      return { answer: contents.targets.map((target) => rr(PTR, owner, ttl, { target })) };
    case 'parent':
    case 'external':
      return NO_RECORDS;
  }
}

const NO_ADDRESSES: readonly string[] = [];

function addressesOfType({ v4, v6 }: AddressesByFamily, type: number): readonly string[] {
  return type === A.code ? v4 : type === AAAA.code ? v6 : NO_ADDRESSES;
}

function apexRecords(type: number, owner: Name, zone: Name, settings: RecordSettings): Records {
  const { serial, ttl, hostZone = zone } = settings;
  if (type === SOA.code) return { answer: [soaRecord(owner, ttl, serial.value)] };
  return type === NS.code ? nsRecords(settings, owner, hostZone) : NO_RECORDS;
}
