import type { Name } from '../dns/name.ts';
import type { ResourceRecord } from '../dns/rr.ts';

/** The zones whose whole content a plugin can give, for other servers to keep copies of (RFC 5936). */
export interface TransferSource {
  /** Folded. */
  readonly zones: readonly Name[];
  /**
   * One of the zones as it is now; undefined while its content is not complete. If the digest says which version it is, its serial may be that of an earlier
   * one, so that serials do not run ahead of the clock.
   */
  zone(zone: Name, byDigest?: boolean): TransferableZone | undefined;
  /** Calls `listener` whenever the serial of one of the zones moves. Returns how to end that. */
  onChange(zone: Name, listener: () => void): () => void;
  /** Calls `listener` whenever zones come or go, where they do. Returns how to end that. */
  onZones?(listener: () => void): () => void;
}

/** One version of a zone. */
export interface TransferableZone {
  readonly serial: number;
  readonly soa: ResourceRecord;
  /**
   * A digest of the content, which is the same at all servers with the same records, whatever their serials; undefined if the plugin has none. Hexadecimal
   * digits of `DIGEST_OCTETS` in `src/zone/digest.ts`.
   */
  readonly digest?: string | undefined;
  /** Set while the digest is still being made: resolves when the zone can be asked for again. */
  readonly digesting?: Promise<void> | undefined;
  /**
   * All records but the SOA, each made when it is taken, so that a large zone is never there twice. They are those of the
   * serial, whatever changes while they are taken. To be called at once, and no more than once.
   */
  records(): Iterable<ResourceRecord>;
  /**
   * The differences from the version with this serial to this one (RFC 1995 §4); undefined if they are not known any more. With a digest, they are those
   * from the version with this digest, whatever serial it has here.
   */
  changesSince?(serial: number, digest?: string): Iterable<ResourceRecord> | undefined;
}
