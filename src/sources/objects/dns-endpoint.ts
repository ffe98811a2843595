import { messageOf } from '../../base/errors.ts';
import { Class } from '../../dns/message.ts';
import { parseRdata, printRdata } from '../../dns/presentation.ts';
import { DNAME, parseType, QType, SOA, TXT } from '../../dns/rr.ts';
import { quoteText } from '../../dns/words.ts';
import type { DeclaredRecord, DnsEndpoint } from '../../registry/declared-records.ts';
import { Field, type PassOver, readEach, refuseAll } from './field.ts';
import { readHostName } from './host-name.ts';
import { isIgnored, readCreatedMs, readLongNames } from './metadata.ts';

/**
 * Converts an externaldns.k8s.io/v1alpha1 DNSEndpoint to its record; undefined for one that is to be ignored.
 *
 * @param passOver is called for invalid endpoints and targets: the others are served.
 * @throws ObjectError
 */
export function convertDnsEndpoint(object: unknown, passOver: PassOver = refuseAll): DnsEndpoint | undefined {
  const endpoint = new Field('DNSEndpoint', object);
  const names = readLongNames(endpoint);
  if (isIgnored(endpoint)) return undefined;
  const endpoints = endpoint.get('spec').get('endpoints').items();
  const counts = new Map<string, number>();
  return {
    ...names,
    createdMs: readCreatedMs(endpoint),
    records: withoutDuplicates(readEach(endpoints, (each) => readRecords(each, counts, passOver), passOver).flat()),
  };
}

/** No two records of a name have the same type and data (RFC 2181 §5). */
function withoutDuplicates(records: readonly DeclaredRecord[]): readonly DeclaredRecord[] {
  const keyOf = ({ name, type, data }: DeclaredRecord) =>
    `${name} ${type} ${printRdata({ name, type, class: Class.IN, ttl: 0, data })}`;
  return records.length < 2 ? records : [...new Map(records.map((record) => [keyOf(record), record])).values()];
}

/** How many records of a name and type an object may have, as in a zone. A response cannot hold more. */
export const MAX_RECORDS = 4096;

/** The records of one name and type; `counts` has how many the object has already. @throws ObjectError */
function readRecords(endpoint: Field, counts: Map<string, number>, passOver: PassOver): DeclaredRecord[] {
  const name = readHostName(endpoint.get('dnsName'));
  const type = readType(endpoint.get('recordType'));
  const ttl = readTtl(endpoint.get('recordTTL'));
  const read = (target: Field): DeclaredRecord => ({ name, type, ttl, data: readData(target, type) });
  const targets = endpoint.get('targets').items();
  const key = `${name} ${type}`;
  const count = counts.get(key) ?? 0;
  const taken = targets.slice(0, MAX_RECORDS - count);
  counts.set(key, count + taken.length);
  if (taken.length < targets.length) readEach([targets[taken.length]!], refuseSurplus, passOver);
  return readEach(taken, read, passOver);
}

function refuseSurplus(target: Field): never {
  return target.fail(`is more than the ${MAX_RECORDS} records that a name and type may have`);
}

/** Types of questions; SOA, as the zone has its own; and DNAME, which would rename all names below. */
const NOT_SERVED: ReadonlySet<number> = new Set([...Object.values(QType), SOA.code, DNAME.code]);

function readType(field: Field): number {
  const type = parseType(field.text() ?? '');
  if (type !== undefined && !NOT_SERVED.has(type)) return type;
  return field.wrong('a record type, such as A, CNAME or TXT');
}

/** RFC 2181 §8. */
const MAX_TTL = 2 ** 31 - 1;

function readTtl(field: Field): number | undefined {
  const ttl = field.count() ?? 0;
  if (ttl > MAX_TTL) return field.wrong(`seconds, at most ${MAX_TTL}`);
  return ttl === 0 ? undefined : ttl;
}

function readData(target: Field, type: number): object {
  const text = target.text() ?? target.wrong('the data of a record');
  try {
    return parseRdata(type, type === TXT.code && !text.trimStart().startsWith('"') ? quoted(text) : text);
  } catch (thrown) {
    return target.fail(`is ${JSON.stringify(text)}: ${messageOf(thrown)}`);
  }
}

/** RFC 1035 §3.3. */
const MAX_STRING_OCTETS = 255;

/** A text without quotes, in strings that are short enough. */
function quoted(text: string): string {
  const octets = Buffer.from(text, 'utf8').toString('latin1');
  const strings = octets.match(new RegExp(`[^]{1,${MAX_STRING_OCTETS}}`, 'g')) ?? [''];
  return strings.map(quoteText).join(' ');
}
