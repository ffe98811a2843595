import { foldName, type Name } from '../dns/name.ts';
import { isOfType, type ResourceRecord, SOA } from '../dns/rr.ts';
import { ZoneBuilder, ZoneError } from './builder.ts';
import { applyDifferences, type Difference } from './differences.ts';
import type { SoaRecord, Zone } from './zone.ts';

/**
 * Reads the records of a zone transfer as they come: a whole zone (RFC 5936 §2.2) or, if a version is known, the differences from it (RFC 1995 §4).
 */
export class TransferReader {
  private readonly origin: Name;
  private readonly known: Zone | undefined;
  private readonly builder: ZoneBuilder;
  private first: SoaRecord | undefined;
  private readonly differences: Difference[] = [];
  /** The meaning of the next records; undefined until the second record shows the kind of transfer. */
  private phase: 'whole' | 'deleted' | 'added' | undefined;

  /** @param known the version in the query. */
  constructor(origin: Name, known?: Zone) {
    this.origin = origin;
    this.known = known;
    this.builder = new ZoneBuilder(origin);
  }

  /** The differences that the transfer consists of; undefined for a whole zone. */
  get incremental(): readonly Difference[] | undefined {
    return this.differences.length > 0 ? this.differences : undefined;
  }

  /** Reads the records of the next message; returns whether it was the last one. @throws ZoneError */
  takeAll(records: readonly ResourceRecord[]): boolean {
    const isLast = records.some((record) => this.take(record));
    if (!this.first) throw new ZoneError('the transfer is empty');
    return isLast;
  }

  /** Whether the record was the last. */
  private take(record: ResourceRecord): boolean {
    const soa = isOfType(record, SOA) && foldName(record.name) === this.origin ? (record as SoaRecord) : undefined;
    if (!this.first) {
      if (!soa) throw new ZoneError('the transfer does not begin with the SOA record');
      this.first = soa;
      return false;
    }
    if (this.phase === undefined && soa && soa.data.serial === this.known?.soa.data.serial) {
      this.begin(soa);
      return false;
    }
    if (this.phase === undefined) {
      this.phase = 'whole';
      this.builder.add(this.first);
    }
    if (this.phase === 'whole') return this.takeOfWhole(record, soa, this.first);
    const difference = this.differences.at(-1)!;
    if (!soa) difference[this.phase].push(record);
    else if (this.phase === 'deleted') this.turn(difference, soa);
    else if (difference.to.data.serial === this.first.data.serial) return this.end(soa, this.first);
    else this.begin(soa);
    return false;
  }

  /** The zone after the last record. @throws ZoneError (as a rejection) */
  async finish(): Promise<Zone> {
    return this.incremental ? applyDifferences(this.known!, this.differences) : this.builder.finish();
  }

  private takeOfWhole(record: ResourceRecord, soa: SoaRecord | undefined, first: SoaRecord): boolean {
    if (soa) return this.end(soa, first);
    this.builder.add(record);
    return false;
  }

  private begin(from: SoaRecord): void {
    this.differences.push({ from, deleted: [], to: from, added: [] });
    this.phase = 'deleted';
  }

  private turn(difference: Difference, to: SoaRecord): void {
    this.differences[this.differences.length - 1] = { ...difference, to };
    this.phase = 'added';
  }

  private end(soa: SoaRecord, first: SoaRecord): true {
    const [begun, ended] = [first.data.serial, soa.data.serial];
    if (begun === ended) return true;
    throw new ZoneError(`the zone changed during the transfer, from serial ${begun} to ${ended}`);
  }
}
