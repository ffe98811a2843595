import { Class, printRcode, queryMessage, Rcode } from '../dns/message.ts';
import { foldName, type Name } from '../dns/name.ts';
import { isOfType, QType, type ResourceRecord, SOA } from '../dns/rr.ts';
import { decodeMessage } from '../dns/wire/decode.ts';
import { encodeMessage } from '../dns/wire/encode.ts';
import type { Peer } from '../net/transport.ts';
import { exchangeStream } from '../net/upstream/exchange-stream.ts';
import type { Clock } from '../observe/clock.ts';
import { ZoneBuilder, ZoneError } from './builder.ts';
import { MAX_ZONE_FILE_OCTETS } from './read.ts';
import type { Zone } from './zone.ts';

/** How long a primary server may take to be reached, and then for each message. */
const TIMEOUT_MS = 10_000;

export interface FetchOptions {
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
  if (serial === undefined) throw new ZoneError(`the reply has no SOA record of ${origin}`);
  return serial;
}

/** A whole copy of the zone that a server has (RFC 5936). @throws CairnError (as a rejection) */
export async function fetchZone(origin: Name, from: Peer, options: FetchOptions): Promise<Zone> {
  const builder = new ZoneBuilder(origin);
  let begun: number | undefined;
  await exchange(origin, QType.AXFR, from, options, (records) => {
    for (const record of records) {
      const serial = soaSerial(record, origin);
      if (begun === undefined && serial === undefined)
        throw new ZoneError('the transfer does not begin with the SOA record');
      if (begun !== undefined && serial !== undefined) {
        if (serial !== begun) throw new ZoneError(`the zone changed on the way, from serial ${begun} to ${serial}`);
        return true;
      }
      begun ??= serial;
      builder.add(record);
    }
    if (begun === undefined) throw new ZoneError('the transfer is empty');
    return false;
  });
  return builder.finish();
}

/** Asks for the zone's records of a type; `take` gets the answers of each message, and says whether it was the last. */
async function exchange(
  origin: Name,
  type: number,
  from: Peer,
  options: FetchOptions,
  take: (answer: readonly ResourceRecord[]) => boolean,
): Promise<void> {
  const query = encodeMessage(queryMessage({ name: origin, type, class: Class.IN }, { rd: false }));
  let octets = 0;
  await exchangeStream(query, from, {
    ...options,
    timeoutMs: TIMEOUT_MS,
    take(bytes) {
      octets += bytes.length;
      if (octets > MAX_ZONE_FILE_OCTETS) throw new ZoneError(`the zone has more than ${MAX_ZONE_FILE_OCTETS} octets`);
      const { rcode, answer } = decodeMessage(bytes);
      if (rcode !== Rcode.NOERROR) throw new ZoneError(`the server says ${printRcode(rcode)}`);
      return take(answer);
    },
  });
}

function soaSerial(record: ResourceRecord, origin: Name): number | undefined {
  return isOfType(record, SOA) && foldName(record.name) === origin ? record.data.serial : undefined;
}
