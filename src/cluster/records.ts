import type { Name } from '../dns/name.ts';
import { A, AAAA, NS, PTR, type ResourceRecord, rr, SOA, SRV, TXT } from '../dns/rr.ts';
import { ALL, type Portion } from '../plugin/portion.ts';
import type { AddressesByFamily, Backends, Contents } from './contents.ts';

/** The version of the Kubernetes DNS specification that the answers follow. */
const SPECIFICATION_VERSION = '1.1.0';
const VERSION_TTL = 28_800;

/** The records of one type, and those that save the client its next queries. */
export interface Records {
  readonly answer: readonly ResourceRecord[];
  readonly additional?: readonly ResourceRecord[];
}

const NO_RECORDS: Records = { answer: [] };

/** The contents of a service's name that all zones with services have. */
interface Reached extends AddressesByFamily {
  readonly kind: Backends['kind'];
}

/** What records need besides the contents of their name; `owner` and `zone` have the client's letter case. */
export interface RecordSettings<R extends Reached = Backends> {
  /** Seconds. */
  readonly ttl: number;
  soa(owner: Name): ResourceRecord;
  ns(owner: Name, zone: Name): Records;
  nameservers(): AddressesByFamily;
  srv(reached: R, owner: Name, zone: Name, portion: Portion): Records;
}

/**
 * The records of one type at a name, possibly none. `owner` and `zone` have the client's letter case. With a `portion`, only as many records are made
 * as a response can hold.
 */
export function recordsOf<R extends Reached>(
  contents: Exclude<Contents, Backends> | R,
  type: number,
  owner: Name,
  zone: Name,
  settings: RecordSettings<R>,
  portion: Portion = ALL,
): Records {
  const { ttl } = settings;
  switch (contents.kind) {
    case 'apex':
      if (type === SOA.code) return { answer: [settings.soa(owner)] };
      return type === NS.code ? settings.ns(owner, zone) : NO_RECORDS;
    case 'version':
      return type === TXT.code ? { answer: [versionRecord(owner)] } : NO_RECORDS;
    case 'nameserver':
      return { answer: addressRecords(addressesOfType(settings.nameservers(), type), owner, ttl) };
    case 'service':
    case 'headless':
    case 'endpoint':
      if (type === SRV.code) return settings.srv(contents, owner, zone, portion);
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

/** The specification's version (§2.1), under `dns-version` of each zone. */
function versionRecord(owner: Name): ResourceRecord {
  return rr(TXT, owner, VERSION_TTL, { texts: [SPECIFICATION_VERSION] });
}

/** A and AAAA records for addresses in canonical text. */
export function addressRecords(addresses: readonly string[], owner: Name, ttl: number): ResourceRecord[] {
  return addresses.map((address) => addressRecord(address, owner, ttl));
}

export function addressRecord(address: string, owner: Name, ttl: number): ResourceRecord {
  return rr(address.includes(':') ? AAAA : A, owner, ttl, { address });
}
