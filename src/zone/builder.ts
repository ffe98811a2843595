import { CairnError } from '../base/errors.ts';
import { Class, printClass } from '../dns/message.ts';
import { canonicalKey, foldName, isAtOrBelow, type Name, parentOf } from '../dns/name.ts';
import { printRdata } from '../dns/presentation.ts';
import {
  CNAME,
  DNAME,
  isOfType,
  isOpaque,
  NS,
  NSEC,
  parseType,
  printType,
  type ResourceRecord,
  RRSIG,
  rrType,
  SOA,
} from '../dns/rr.ts';
import type { Denial, SoaRecord, Zone } from './zone.ts';

const MAX_ZONE_RECORDS = 1_000_000;
/** The maximum number of records of a name and type: no message holds more. */
export const MAX_RRSET_RECORDS = 4096;

/** A zone that cannot be served. */
export class ZoneError extends CairnError {
  constructor(message: string) {
    super('ZONE', message);
  }
}

const codes = (mnemonics: string) => new Set(mnemonics.split(' ').map((mnemonic) => parseType(mnemonic)!));
const META = codes('OPT TKEY TSIG IXFR AXFR ANY');
const HASHED = codes('NSEC3 NSEC3PARAM');
/** The types that may exist beside a CNAME record (RFC 4034 §3, §4). */
const BESIDE_ALIAS = codes('RRSIG NSEC');

const SINGLE = codes('CNAME DNAME NSEC');

/** Records of one owner name and type, as they come. */
interface GrowingRRset extends Array<ResourceRecord> {
  /** Their rdata as text, once there are two. */
  seen?: Set<string>;
}

/** Builds a zone from records. */
export class ZoneBuilder {
  private readonly origin: Name;
  private readonly nodes = new Map<Name, GrowingRRset[]>();
  private readonly cuts = new Set<Name>();
  private soa: SoaRecord | undefined;
  private readonly denials: Denial[] = [];
  private signedUntil: number | undefined;
  private size = 0;

  /** @param origin folded. */
  constructor(origin: Name) {
    this.origin = origin;
    this.nodes.set(origin, []);
  }

  /** Adds a record; a duplicate has no effect (RFC 2181 §5). @throws ZoneError */
  add(record: ResourceRecord): void {
    const { origin } = this;
    const name = foldName(record.name);
    const what = `${record.name} ${printType(record.type)}`;
    if (record.class !== Class.IN) throw new ZoneError(`${what} is of class ${printClass(record.class)}, expecting IN`);
    if (!isAtOrBelow(name, origin)) throw new ZoneError(`${what} lies outside the zone ${origin}`);
    if (META.has(record.type)) throw new ZoneError(`${what} cannot be in a zone`);
    if (HASHED.has(record.type)) {
      throw new ZoneError(`${what}: NSEC3 is not supported: sign the zone with NSEC, or serve it unsigned`);
    }
    if (!isOpaque(rrType(record.type)) && Object.keys(record.data).length === 0) {
      throw new ZoneError(`${what} has no rdata`);
    }
    if (isOfType(record, SOA)) {
      if (name !== origin) throw new ZoneError(`${what} is below the apex ${origin}`);
      if (this.soa) throw new ZoneError(`${what} occurs twice`);
      this.soa = record as SoaRecord;
    }
    if (this.size === MAX_ZONE_RECORDS) throw new ZoneError(`the zone has more than ${MAX_ZONE_RECORDS} records`);
    const isNew = addToNode(this.nodeAt(name), { ...record, name }, what);
    if (isNew) this.size++;
    if (isOfType(record, RRSIG)) this.signedUntil = Math.min(record.data.expiration, this.signedUntil ?? 2 ** 32);
    if (isNew && record.type === NSEC.code) this.denials.push({ name, key: canonicalKey(name) });
    if ((record.type === NS.code && name !== origin) || record.type === DNAME.code) this.cuts.add(name);
  }

  /** The zone. @throws ZoneError if it has no SOA record. */
  finish(): Zone {
    const { origin, soa, nodes, cuts, denials, signedUntil, size } = this;
    if (!soa) throw new ZoneError(`the zone ${origin} has no SOA record`);
    for (const rrsets of nodes.values()) for (const rrset of rrsets) delete rrset.seen;
    denials.sort((a, b) => (a.key < b.key ? -1 : 1));
    return { origin, soa, nodes, cuts, signedUntil, denials, size };
  }

  /** The node of a name. The names above it are made, too. */
  private nodeAt(name: Name): GrowingRRset[] {
    const known = this.nodes.get(name);
    if (known) return known;
    const node: GrowingRRset[] = [];
    this.nodes.set(name, node);
    for (let above = parentOf(name); above !== undefined && !this.nodes.has(above); above = parentOf(above)) {
      this.nodes.set(above, []);
    }
    return node;
  }
}

/** Adds a record; false if it was there. @throws ZoneError if it cannot exist beside the others */
function addToNode(node: GrowingRRset[], record: ResourceRecord, what: string): boolean {
  const rrset = node.find(([first]) => first!.type === record.type);
  if (!rrset) {
    // RFC 1034 §3.6.2; RFC 6672 §2.4 for DNAME.
    const alias = node.find(([first]) => first!.type === CNAME.code);
    const isCrowded = node.some(([first]) => !BESIDE_ALIAS.has(first!.type));
    if ((alias && !BESIDE_ALIAS.has(record.type)) || (record.type === CNAME.code && isCrowded)) {
      throw new ZoneError(`${what}: a name with a CNAME record has no other records`);
    }
    node.push([record]);
    return true;
  }
  rrset.seen ??= new Set(rrset.map(printRdata));
  const rdata = printRdata(record);
  if (rrset.seen.has(rdata)) return false;
  if (SINGLE.has(record.type)) throw new ZoneError(`${what}: a name has only one`);
  if (rrset.length === MAX_RRSET_RECORDS) throw new ZoneError(`${what}: there are more than ${MAX_RRSET_RECORDS}`);
  rrset.seen.add(rdata);
  rrset.push(record);
  // Signatures have the TTL of the records that they cover.
  if (record.type !== RRSIG.code) shareTtl(rrset);
  return true;
}

/** RFC 2181 §5.2: the records of an RRset have one TTL, the lowest. */
function shareTtl(rrset: ResourceRecord[]): void {
  const last = rrset.at(-1)!;
  const ttl = Math.min(rrset[0]!.ttl, last.ttl);
  if (ttl === rrset[0]!.ttl && ttl === last.ttl) return;
  for (const [i, record] of rrset.entries()) rrset[i] = { ...record, ttl };
}
