import { Class, printRcode, queryMessage, Rcode } from '../dns/message.ts';
import { foldName, type Name } from '../dns/name.ts';
import { isOfType, QType, type ResourceRecord, SOA } from '../dns/rr.ts';
import { isNewer } from '../dns/serial.ts';
import { decodeMessage } from '../dns/wire/decode.ts';
import { encodeMessage } from '../dns/wire/encode.ts';
import type { Peer } from '../net/transport.ts';
import { exchangeStream } from '../net/upstream/exchange-stream.ts';
import type { Clock } from '../observe/clock.ts';
import { ZoneError } from './builder.ts';
import type { Difference } from './differences.ts';
import { MAX_ZONE_FILE_OCTETS } from './read.ts';
import { TransferReader } from './transfer-reader.ts';
import type { Zone } from './zone.ts';

/** The time limit for reaching a primary server, and then for each message. */
const TIMEOUT_MS = 10_000;

interface FetchOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The serial of the version that a server has. @throws CairnError (as a rejection) */
export async function fetchSerial(origin: Name, from: Peer, options: FetchOptions): Promise<number> {
  let serial: number | undefined;
  await exchange(origin, SOA.code, from, options, (records) => {
    serial = records.map((record) => soaSerial(record, origin)).find((found) => found !== undefined);
    return true;
  });
  if (serial === undefined) throw new ZoneError(`the response has no SOA record of ${origin}`);
  return serial;
}

/** A whole copy of the zone that a server has (RFC 5936). @throws CairnError (as a rejection) */
export async function fetchZone(origin: Name, from: Peer, options: FetchOptions): Promise<Zone> {
  const reader = new TransferReader(origin);
  await exchange(origin, QType.AXFR, from, options, (records) => reader.takeAll(records));
  return reader.finish();
}

/** A version of a zone, with the differences that it came as; whole without them. */
export interface FetchedZone {
  readonly zone: Zone;
  readonly differences?: readonly Difference[] | undefined;
}

/**
 * The version of a zone that a server has, made from an older version and its differences (RFC 1995). A server without the differences gives the
 * whole zone.
 *
 * @throws CairnError (as a rejection), also if the server does not support such transfers, or has no newer version.
 */
export async function fetchChanges(known: Zone, from: Peer, options: FetchOptions): Promise<FetchedZone> {
  const { origin, soa } = known;
  const reader = new TransferReader(origin, known);
  let isFirst = true;
  const take = (records: readonly ResourceRecord[]) => {
    // RFC 1995 §2: the SOA record alone says that there is nothing newer.
    const serial = isFirst && records.length === 1 ? soaSerial(records[0]!, origin) : undefined;
    if (serial !== undefined && !isNewer(serial, soa.data.serial)) throw new ZoneError(`serial ${serial} is not newer`);
    isFirst = false;
    return reader.takeAll(records);
  };
  await exchange(origin, QType.IXFR, from, options, take, [soa]);
  return { zone: await reader.finish(), differences: reader.incremental };
}

/** Asks for the zone with a query of a type; `take` gets the answers of each message, and returns whether it was the last one. */
async function exchange(
  origin: Name,
  type: number,
  from: Peer,
  options: FetchOptions,
  take: (answer: readonly ResourceRecord[]) => boolean,
  authority: readonly ResourceRecord[] = [],
): Promise<void> {
  const message = queryMessage({ name: origin, type, class: Class.IN }, { rd: false });
  const query = encodeMessage({ ...message, authority });
  let octets = 0;
  await exchangeStream(query, from, {
    ...options,
    timeoutMs: TIMEOUT_MS,
    take(bytes) {
      octets += bytes.length;
      if (octets > MAX_ZONE_FILE_OCTETS) throw new ZoneError(`the zone has more than ${MAX_ZONE_FILE_OCTETS} octets`);
      const { rcode, answer } = decodeMessage(bytes);
      if (rcode !== Rcode.NOERROR) throw new ZoneError(`the server responded with ${printRcode(rcode)}`);
      return take(answer);
    },
  });
}

function soaSerial(record: ResourceRecord, origin: Name): number | undefined {
  return isOfType(record, SOA) && foldName(record.name) === origin ? record.data.serial : undefined;
}
