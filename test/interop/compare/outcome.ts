import { type Message, printRcode } from '../../../src/dns/message.ts';
import { printRecord } from '../../../src/dns/presentation.ts';
import { isOfType, type ResourceRecord, SOA } from '../../../src/dns/rr.ts';

/** A reply as far as servers are compared: the order of records, repetitions and the serial do not count. */
export interface Outcome {
  readonly rcode: string;
  readonly flags: string;
  /** Records as zone-file text, sorted. */
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
}

const FLAGS = ['qr', 'aa', 'tc', 'rd', 'ra', 'ad', 'cd'] as const;

export function outcomeOf(reply: Message): Outcome {
  return {
    rcode: printRcode(reply.rcode),
    flags: FLAGS.filter((flag) => reply[flag]).join(' '),
    answer: printSet(reply.answer),
    authority: printSet(reply.authority),
    additional: printSet(reply.additional),
  };
}

function printSet(records: readonly ResourceRecord[]): string[] {
  return [...new Set(records.map(printWithoutSerial))].sort();
}

function printWithoutSerial(record: ResourceRecord): string {
  const plain = isOfType(record, SOA) ? { ...record, data: { ...record.data, serial: 0 } } : record;
  return printRecord(plain).replaceAll('\t', ' ');
}

export function printOutcome({ rcode, flags, answer, authority, additional }: Outcome): string {
  return [
    `${rcode} ${flags}`,
    ...answer,
    ...authority.map((line) => `-- ${line}`),
    ...additional.map((line) => `++ ${line}`),
  ].join('\n');
}

export function equal(a: Outcome, b: Outcome): boolean {
  return printOutcome(a) === printOutcome(b);
}

/** NODATA and NXDOMAIN have no answer; a referral or a failure is none of the three. */
export function kindOf({ rcode, answer }: Outcome): 'hit' | 'NODATA' | 'NXDOMAIN' | 'failure' {
  if (rcode === 'NXDOMAIN' && answer.length === 0) return 'NXDOMAIN';
  if (rcode !== 'NOERROR') return 'failure';
  return answer.length === 0 ? 'NODATA' : 'hit';
}
