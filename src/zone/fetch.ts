import { Class, type Edns, type Message, OWN_UDP_SIZE, printRcode, queryMessage, Rcode } from '../dns/message.ts';
import { foldName, type Name } from '../dns/name.ts';
import { isOfType, QType, type ResourceRecord, SOA } from '../dns/rr.ts';
import { isNewer } from '../dns/serial.ts';
import { decodeMessage } from '../dns/wire/decode.ts';
import { encodeMessage } from '../dns/wire/encode.ts';
import type { Peer } from '../net/transport.ts';
import { exchangeStream } from '../net/upstream/exchange-stream.ts';
import type { StreamSession } from '../net/upstream/stream-session.ts';
import type { Clock } from '../observe/clock.ts';
import { ZoneError } from './builder.ts';
import type { Difference } from './differences.ts';
import { digestOf, noteDigest } from './digest.ts';
import { MAX_ZONE_FILE_OCTETS } from './read.ts';
import { TransferReader } from './transfer-reader.ts';
import { type AskedVersion, askVersion, MAX_WAIT_SECONDS, type ToldVersion, toldVersion } from './version-option.ts';
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
  await exchange(queryFor(origin, SOA.code), from, options, ({ answer }) => {
    serial = answer.map((record) => soaSerial(record, origin)).find((found) => found !== undefined);
    return true;
  });
  if (serial === undefined) throw new ZoneError(`the response has no SOA record of ${origin}`);
  return serial;
}

/** A version of a zone, with the differences that it came as; whole without them. */
export interface FetchedZone {
  readonly zone: Zone;
  readonly differences?: readonly Difference[] | undefined;
  /** Whether the server can be asked to wait for newer versions, see {@link followZone}. */
  readonly isFollowable?: boolean;
}

/** A whole copy of the zone that a server has (RFC 5936). @throws CairnError (as a rejection) */
export async function fetchZone(origin: Name, from: Peer, options: FetchOptions): Promise<FetchedZone> {
  try {
    const { zone, told } = await fetchWhole(origin, from, options, versionEdns({ digest: undefined, waitSeconds: 0 }));
    const isSame = told?.digest === undefined || told.digest === String(await digestOf(zone));
    return { zone, isFollowable: told !== undefined && isSame };
  } catch (thrown) {
    // RFC 6891 §7: an old server does not know EDNS.
    if (!(thrown instanceof RcodeError) || !NO_EDNS.has(thrown.rcode)) throw thrown;
    return fetchWhole(origin, from, options);
  }
}

const NO_EDNS = new Set<number>([Rcode.FORMERR, Rcode.NOTIMP]);

const versionEdns = (asked: AskedVersion): Edns => ({
  ...{ udpSize: OWN_UDP_SIZE, version: 0, do: false },
  options: [askVersion(asked)],
});

async function fetchWhole(
  origin: Name,
  from: Peer,
  options: FetchOptions,
  edns?: Edns,
): Promise<FetchedZone & { readonly told: ToldVersion | undefined }> {
  const reader = new TransferReader(origin);
  let told: ToldVersion | undefined;
  const take = (message: Message) => {
    told ??= toldVersion(message.edns);
    return reader.takeAll(message.answer);
  };
  await exchange({ ...queryFor(origin, QType.AXFR), edns }, from, options, take);
  return { zone: await reader.finish(), told };
}

/** The time that a server is asked to wait for a newer version. */
const WAIT_SECONDS = MAX_WAIT_SECONDS;

/**
 * Waits at a server for the next version of a zone, for a minute at most. The digests of both versions decide which one is current, and whether the new one
 * is right: the server may have forgotten the serials that it gave, or be another one at the same address.
 *
 * @throws CairnError (as a rejection)
 */
export async function followZone(known: Zone, session: StreamSession): Promise<FetchedZone | 'current'> {
  const { origin, soa } = known;
  const digest = await digestOf(known);
  const reader = new TransferReader(origin, known);
  const asked = { digest: String(digest), waitSeconds: WAIT_SECONDS };
  const query = { ...queryFor(origin, QType.IXFR), authority: [soa], edns: versionEdns(asked) };
  let told: ToldVersion | undefined;
  const take = (message: Message) => {
    told ??= toldVersion(message.edns);
    if (!told) throw new ZoneError('the server does not say which version it has');
    return told.isCurrent || reader.takeAll(message.answer);
  };
  await session.ask({
    query: encodeMessage(query),
    timeoutMs: WAIT_SECONDS * 1000 + TIMEOUT_MS,
    take: limited(take),
  });
  if (told!.isCurrent) return 'current';
  const zone = await reader.finish();
  const differences = reader.incremental;
  if (differences) noteDigest(zone, digest, differences);
  if (told!.digest !== undefined && told!.digest !== String(await digestOf(zone))) {
    throw new ZoneError('the content of the copy is not that of the server');
  }
  return { zone, differences, isFollowable: true };
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
  const take = ({ answer: records }: Message) => {
    // RFC 1995 §2: the SOA record alone says that there is nothing newer.
    const serial = isFirst && records.length === 1 ? soaSerial(records[0]!, origin) : undefined;
    if (serial !== undefined && !isNewer(serial, soa.data.serial)) throw new ZoneError(`serial ${serial} is not newer`);
    isFirst = false;
    return reader.takeAll(records);
  };
  await exchange({ ...queryFor(origin, QType.IXFR), authority: [soa] }, from, options, take);
  return { zone: await reader.finish(), differences: reader.incremental };
}

function queryFor(origin: Name, type: number): Message {
  return queryMessage({ name: origin, type, class: Class.IN }, { rd: false });
}

/** Asks for the zone; `take` gets the messages of the response, and returns whether it was the last one. */
function exchange(
  query: Message,
  from: Peer,
  options: FetchOptions,
  take: (message: Message) => boolean,
): Promise<void> {
  return exchangeStream(encodeMessage(query), from, { ...options, timeoutMs: TIMEOUT_MS, take: limited(take) });
}

/** Reads messages of at most as many octets as a zone may have. An error that a server responds with is thrown. */
function limited(take: (message: Message) => boolean): (bytes: Uint8Array) => boolean {
  let octets = 0;
  return (bytes) => {
    octets += bytes.length;
    if (octets > MAX_ZONE_FILE_OCTETS) throw new ZoneError(`the zone has more than ${MAX_ZONE_FILE_OCTETS} octets`);
    const message = decodeMessage(bytes);
    if (message.rcode !== Rcode.NOERROR) throw new RcodeError(message.rcode);
    return take(message);
  };
}

/** A server responded with an error. */
export class RcodeError extends ZoneError {
  readonly rcode: number;

  constructor(rcode: number) {
    super(`the server responded with ${printRcode(rcode)}`);
    this.rcode = rcode;
  }
}

function soaSerial(record: ResourceRecord, origin: Name): number | undefined {
  return isOfType(record, SOA) && foldName(record.name) === origin ? record.data.serial : undefined;
}
