import { isOfType, parseType, type ResourceRecord, RRSIG } from '../dns/rr.ts';

const OF_DENIALS = new Set(['SOA', 'NSEC', 'NSEC3'].map((mnemonic) => parseType(mnemonic)));

/** Whether a record of an authority section says that something does not exist, and for how long, or proves it (RFC 4035 §3.1.3). */
export function isOfDenial(record: ResourceRecord): boolean {
  return OF_DENIALS.has(isOfType(record, RRSIG) ? record.data.covered : record.type);
}
