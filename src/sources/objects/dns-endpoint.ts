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
  return {
    ...names,
    createdMs: readCreatedMs(endpoint),
    records: withoutDuplicates(readEach(endpoints, (each) => readRecords(each, passOver), passOver).flat()),
  };
}

/** No two records of a name have the same type and data (RFC 2181 §5). */
function withoutDuplicates(records: readonly DeclaredRecord[]): readonly DeclaredRecord[] {
  const keyOf = ({ name, type, data }: DeclaredRecord) =>
    `${name} ${type} ${printRdata({ name, type, class: Class.IN, ttl: 0, data })}`;
  return records.length < 2 ? records : [...new Map(records.map((record) => [keyOf(record), record])).values()];
}

/** The records of one name and type. @throws ObjectError */
function readRecords(endpoint: Field, passOver: PassOver): DeclaredRecord[] {
  const name = readHostName(endpoint.get('dnsName'));
  const type = readType(endpoint.get('recordType'));
  const ttl = readTtl(endpoint.get('recordTTL'));
  const read = (target: Field): DeclaredRecord => ({ name, type, ttl, data: readData(target, type) });
  return readEach(endpoint.get('targets').items(), read, passOver);
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
