import { isOfType, parseType, type ResourceRecord, RRSIG } from '../dns/rr.ts';

const OF_DENIALS = new Set(['SOA', 'NSEC', 'NSEC3'].map((mnemonic) => parseType(mnemonic)));

/** Whether a record of an authority section belongs to a negative response: the SOA record or a proof (RFC 4035 §3.1.3). */
export function isOfDenial(record: ResourceRecord): boolean {
  return OF_DENIALS.has(isOfType(record, RRSIG) ? record.data.covered : record.type);
}
