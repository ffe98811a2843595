import { CairnError } from '../../base/errors.ts';
import { Class, EdnsOption, Rcode, udpLimit } from '../../dns/message.ts';
import { foldName, longestZone, type Name } from '../../dns/name.ts';
import { isOfType, QType, type ResourceRecord, SOA } from '../../dns/rr.ts';
import { printPeer } from '../../net/transport.ts';
import { countQuery } from '../../plugin/explained.ts';
import type { Handler } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { notRepeatable } from '../../plugin/repeat.ts';
import { createReply, failure, mapReply, type Reply, replyWith } from '../../plugin/reply.ts';
import type { TransferableZone, TransferSource } from '../../plugin/transfer.ts';
import type { KnownVersion } from '../../zone/journal.ts';
import { askedVersion, tellVersion } from '../../zone/version-option.ts';
import { type Followers, isNewTo } from './followers.ts';
import type { MessageMemo } from './message-memo.ts';
import type { TransferCells } from './metrics.ts';
import { mayCopy, type TransferRule } from './options.ts';

export const NAME = 'transfer';

/** The maximum number of transfers of whole zones of a listener at once: each holds a version of its zone in memory. */
export const MAX_TRANSFERS = 32;

/** RFC 8914 §4: the extended errors of transfers. */
const EDE = { notReady: 14, prohibited: 18 } as const;

/** What transfers need. */
interface TransferSettings {
  readonly rules: readonly TransferRule[];
  /** The plugin that has exactly this zone. */
  sourceOf(zone: Name): TransferSource | undefined;
  readonly counts: TransferCells;
  readonly followers: Followers;
  readonly messages: MessageMemo;
}

/** A query that may be answered. */
interface Asked {
  readonly query: Query;
  readonly source: TransferSource;
  /** The client's version; undefined for AXFR. */
  readonly known: KnownVersion | undefined;
  /** Whether the client knows of the version option. */
  readonly tellsVersion: boolean;
}

/** Answers AXFR (RFC 5936) and IXFR (RFC 1995) queries for zones that the rules and a plugin have; all others go on to `next`. */
export function transferHandler(settings: TransferSettings, next: Handler): Handler {
  return (query) => {
    if ((query.type !== QType.AXFR && query.type !== QType.IXFR) || query.class !== Class.IN) return next(query);
    const rule = ruleFor(settings.rules, query.name);
    const source = rule && settings.sourceOf(query.name);
    if (!rule) return next(query);
    // A plugin may have the zone the next time.
    if (!source) return mapReply(next(query), notRepeatable);
    return answer(query, rule, source, settings);
  };
}

/** The rule with the longest zone that holds the (folded) name. */
export function ruleFor(rules: readonly TransferRule[], name: Name): TransferRule | undefined {
  const zone = longestZone(
    name,
    rules.flatMap(({ zones }) => zones),
  );
  return zone === undefined ? undefined : rules.find(({ zones }) => zones.includes(zone));
}

function answer(
  query: Query,
  rule: TransferRule,
  source: TransferSource,
  settings: TransferSettings,
): Reply | Promise<Reply> {
  const { counts, followers } = settings;
  const { name, type, client, protocol } = query;
  if (!mayCopy(rule, client)) {
    countQuery(query, counts.refused);
    return fail(query, Rcode.REFUSED, "the client is not among those of 'to'", EDE.prohibited);
  }
  // RFC 5936 §4.2: AXFR over UDP is not defined.
  if (type === QType.AXFR && protocol === 'udp') {
    countQuery(query, counts.refused);
    return fail(query, Rcode.REFUSED, 'zones are transferred over TCP');
  }
  const serial = type === QType.IXFR ? serialOf(query) : undefined;
  if (serial === 'malformed') {
    return fail(query, Rcode.FORMERR, 'an IXFR query has one SOA record, in its authority section');
  }
  const { digest, waitSeconds = 0 } = askedVersion(query.edns) ?? {};
  const known = serial === undefined ? undefined : { serial, digest };
  const asked = { query, source, known, tellsVersion: askedVersion(query.edns) !== undefined };
  if (!known || waitSeconds === 0 || protocol === 'udp') return give(asked, settings);
  return followers.wait(name, source, known, waitSeconds).then(() => give(asked, settings));
}

/** The reply with the zone, with its changes, or with the word that there are none. */
function give(asked: Asked, settings: TransferSettings): Reply | Promise<Reply> {
  const { counts, messages } = settings;
  const { query, source, known, tellsVersion } = asked;
  const zone = source.zone(query.name, tellsVersion && (!known || known.digest !== undefined));
  if (!zone) {
    countQuery(query, counts.unready);
    return fail(query, Rcode.SERVFAIL, 'the zone is not complete yet', EDE.notReady);
  }
  if (tellsVersion && zone.digesting) return zone.digesting.then(() => give(asked, settings));
  const { soa, digest } = zone;
  const isCurrent = known !== undefined && !isNewTo(zone, known);
  const ednsOptions = tellsVersion ? [tellVersion({ digest, isCurrent })] : [];
  const parts = { aa: true, uncacheable: true, ednsOptions } as const;
  const onlySoa = () => {
    countQuery(query, counts.current);
    return createReply(NAME, { ...parts, answer: [soa] });
  };
  if (isCurrent) return onlySoa();
  const since = () => known && zone.changesSince?.(known.serial, digest === undefined ? undefined : known.digest);
  const changes = () => {
    const found = since();
    return found && [...found];
  };
  const short = known && messages.shortChanges(query.question, zone, known, changes);
  if (short && (query.protocol === 'tcp' || short.octets <= udpLimit(query.edns?.udpSize ?? 0))) {
    countQuery(query, counts.changes);
    return replyWith(NAME, parts, short.records);
  }
  // RFC 1995 §2: the SOA record alone tells the client to ask again over TCP.
  if (query.protocol === 'udp') return onlySoa();
  // Differences are kept by their plugin anyway, and so cost no memory of their own.
  const long = since();
  if (long) {
    countQuery(query, counts.changes);
    return createReply(NAME, { ...parts, answer: [soa], following: followedBy(long, soa) });
  }
  if (counts.running.value >= MAX_TRANSFERS) {
    countQuery(query, counts.busy);
    return fail(query, Rcode.SERVFAIL, `${MAX_TRANSFERS} transfers are under way already`);
  }
  // RFC 1995 §4: without the differences, IXFR is answered like AXFR.
  countQuery(query, counts.full);
  return createReply(NAME, { ...parts, answer: [soa], following: behindSoa(zone, counts) });
}

function fail({ type, name, client }: Query, rcode: number, problem: string, extended?: number): Reply {
  const kind = type === QType.AXFR ? 'AXFR' : 'IXFR';
  const error = new CairnError('TRANSFER', `${kind} of ${name} by ${printPeer(client)}: ${problem}`);
  const ednsOptions = extended === undefined ? [] : [{ code: EdnsOption.EDE, data: Uint8Array.of(0, extended) }];
  return { ...failure(NAME, rcode, error), uncacheable: true, ednsOptions };
}

/** The records of the whole zone after the first SOA record, including the last one (RFC 5936 §2.2). */
function behindSoa(zone: TransferableZone, { running }: TransferCells): Iterable<ResourceRecord> {
  const records = followedBy(zone.records(), zone.soa);
  return (function* () {
    running.value++;
    try {
      yield* records;
    } finally {
      running.value--;
    }
  })();
}

function* followedBy(records: Iterable<ResourceRecord>, last: ResourceRecord): Generator<ResourceRecord, void> {
  yield* records;
  yield last;
}

/** The serial of the version that the client has (RFC 1995 §3). */
function serialOf({ message, name }: Query): number | 'malformed' {
  const [record, ...more] = message.authority;
  if (!record || more.length > 0 || !isOfType(record, SOA) || foldName(record.name) !== name) return 'malformed';
  return record.data.serial ?? 'malformed';
}
