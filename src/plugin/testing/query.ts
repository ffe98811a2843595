import { Class, type Edns, type Message, Opcode, parseClass, printRcode } from '../../dns/message.ts';
import { printRecord } from '../../dns/presentation.ts';
import { parseType } from '../../dns/rr.ts';
import { type Arrival, createQuery, type Query } from '../query.ts';
import type { Reply } from '../reply.ts';

export interface TestQueryOptions extends Partial<Arrival> {
  readonly id?: number;
  readonly rd?: boolean;
  readonly cd?: boolean;
  readonly ad?: boolean;
  /** An OPT record; by default 1232 octets, version 0, no DO, no options. */
  readonly edns?: Partial<Edns>;
  readonly server?: string;
}

/** A query as a client sends it, RD set: `testQuery('example.org. AAAA')`, the type A and the class IN by default. */
export function testQuery(question: string, options: TestQueryOptions = {}): Query {
  const arrival: Arrival = {
    protocol: 'udp',
    client: { address: '192.0.2.1', port: 40212 },
    local: { address: '192.0.2.53', port: 53 },
    octets: 40,
    receivedMs: 0,
    ...options,
  };
  return createQuery(testMessage(question, options), arrival, options.server ?? 'dns://:53');
}

/** The message of {@link testQuery}. */
export function testMessage(question: string, options: TestQueryOptions = {}): Message {
  const [name = '.', type = 'A', recordClass = 'IN'] = question.split(' ');
  const { id = 4711, rd = true, cd = false, ad = false, edns } = options;
  return {
    ...{ id, qr: false, opcode: Opcode.QUERY, aa: false, tc: false, rd, ra: false, ad, cd, rcode: 0 },
    questions: [{ name, type: parseType(type)!, class: parseClass(recordClass) ?? Class.IN }],
    ...{ answer: [], authority: [], additional: [] },
    ...(edns && { edns: { udpSize: 1232, version: 0, do: false, options: [], ...edns } }),
  };
}

/**
 * A reply as text to compare: a line such as `NOERROR aa ra`, then one line for each record, with spaces for tabs. Records of the authority section
 * begin with `--`, those of the additional section with `++`.
 */
export function printReply(reply: Reply | Message): string {
  const flags = (['aa', 'ra', 'ad', 'tc'] as const).filter((flag) => reply[flag]);
  const print = (mark: string) => (record: Parameters<typeof printRecord>[0]) =>
    mark + printRecord(record).replaceAll('\t', ' ');
  return [
    [printRcode(reply.rcode), ...flags].join(' '),
    ...reply.answer.map(print('')),
    ...reply.authority.map(print('-- ')),
    ...reply.additional.map(print('++ ')),
  ].join('\n');
}
