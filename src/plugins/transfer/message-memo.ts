import { type Question, queryMessage, type Sections } from '../../dns/message.ts';
import type { ResourceRecord } from '../../dns/rr.ts';
import { encodeMessage, MAX_MESSAGE_OCTETS } from '../../dns/wire/encode.ts';
import { readResponse } from '../../dns/wire/response.ts';
import type { TransferableZone } from '../../plugin/transfer.ts';
import type { KnownVersion } from '../../zone/journal.ts';

/** Room for the OPT record of a response. */
const OPTIONS_OCTETS = 64;
/** The most records that are tried to be put into one message, each with at least 24 octets. */
const MAX_RECORDS = 2500;
/** The number of older versions whose differences are kept; one more clears them. Copies have few different versions. */
const MAX_KEPT = 64;

/** The differences from a version, as the records of one message, and the octets of such a response without options. */
export interface ShortChanges {
  readonly records: Sections;
  readonly octets: number;
}

/** Differences that fit into one message. Those between versions with digests are kept encoded, as many copies ask for the same. */
export class MessageMemo {
  private readonly zones = new Map<string, { to: string; readonly found: Map<string, ShortChanges | undefined> }>();

  /** Undefined if there are no such differences, or if they do not fit. */
  shortChanges(
    question: Question,
    zone: TransferableZone,
    known: KnownVersion,
    changes: () => readonly ResourceRecord[] | undefined,
  ): ShortChanges | undefined {
    const make = () => {
      const records = changes();
      return records && inOneMessage(question, [zone.soa, ...records, zone.soa]);
    };
    if (zone.digest === undefined || known.digest === undefined) return make();
    const to = `${zone.serial} ${zone.digest}`;
    let kept = this.zones.get(zone.soa.name);
    if (kept?.to !== to) {
      kept = { to, found: new Map() };
      this.zones.set(zone.soa.name, kept);
    }
    const from = `${known.serial} ${known.digest}`;
    if (!kept.found.has(from)) {
      if (kept.found.size === MAX_KEPT) kept.found.clear();
      kept.found.set(from, make());
    }
    return kept.found.get(from);
  }
}

function inOneMessage(question: Question, answer: readonly ResourceRecord[]): ShortChanges | undefined {
  if (answer.length > MAX_RECORDS) return undefined;
  const bytes = encodeMessage({ ...queryMessage(question), qr: true, answer }, MAX_MESSAGE_OCTETS - OPTIONS_OCTETS);
  const { tc, records } = readResponse(bytes);
  return tc ? undefined : { records, octets: bytes.length + OPTIONS_OCTETS };
}
