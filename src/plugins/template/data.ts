import { printClass } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { printType } from '../../dns/rr.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { Query } from '../../plugin/query.ts';
import type { Struct, Value } from './go/value.ts';

/** The fields that a template can name. */
export const FIELDS = [
  'Name',
  'Zone',
  'Class',
  'Type',
  'Match',
  'Group',
  'Message',
  'Question',
  'Remote',
  'Meta',
] as const;

/** The match of a regular expression: all of it, then its groups; undefined for one that took no part. */
export type Match = readonly (string | undefined)[] & {
  readonly groups?: Readonly<Record<string, string>> | undefined;
};

/** What a template says of one query. */
export interface QueryData {
  readonly data: Struct & Readonly<Record<(typeof FIELDS)[number], Value>>;
  /** Whether something was read that other queries with this question may have otherwise. */
  readonly tailored: boolean;
}

export function dataOf(query: Query, zone: Name, match: Match, label: PluginEnv['label']): QueryData {
  const { question, type, client } = query;
  const found = Array.from(match, (group) => group ?? '');
  let tailored = false;
  const own = <T>(value: T): T => {
    tailored = true;
    return value;
  };
  return {
    get tailored() {
      return tailored;
    },
    data: {
      Name: query.name,
      Zone: zone,
      Class: printClass(query.class),
      Type: printType(type),
      Match: found,
      Group: new Map([...found.map((group, i) => [String(i), group] as const), ...Object.entries(match.groups ?? {})]),
      get Question() {
        return own({ Name: question.name, Qtype: type, Qclass: query.class });
      },
      get Message() {
        return own(messageOf(query));
      },
      get Remote() {
        return own(client.address);
      },
      get Meta() {
        return own((name: Value) => (typeof name === 'string' ? (label(query, name) ?? '') : ''));
      },
    },
  };
}

/** The message's header and question, under the names that they have in Go's dns library. */
function messageOf({ message, question, type, class: qclass }: Query): Struct {
  return {
    Id: message.id,
    Response: message.qr,
    Opcode: message.opcode,
    Authoritative: message.aa,
    Truncated: message.tc,
    RecursionDesired: message.rd,
    RecursionAvailable: message.ra,
    AuthenticatedData: message.ad,
    CheckingDisabled: message.cd,
    Rcode: message.rcode,
    Question: [{ Name: question.name, Qtype: type, Qclass: qclass }],
  };
}
