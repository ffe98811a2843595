import { printClass } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { printType } from '../../dns/rr.ts';
import type { Value as Result, Scope } from '../../expression/expression.ts';
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
  'Var',
  'Meta',
] as const;

/** The match of a regular expression: all of it, then its groups; undefined for one that took no part. */
export type Match = readonly (string | undefined)[] & {
  readonly groups?: Readonly<Record<string, string>> | undefined;
};

/** How a stanza fits a query. */
interface Fit {
  readonly zone: Name;
  readonly match: Match;
  /** Those of the stanza where the query is for all. */
  readonly type: number;
  readonly class: number;
}

/** What a template says of one query. */
export interface QueryData {
  readonly data: Struct & Readonly<Record<(typeof FIELDS)[number], Value>>;
  /** What the stanza's expressions are evaluated with: the same. */
  readonly scope: Scope;
  /** What the stanza's variables come to; to be filled in. */
  readonly variables: Map<string, Result>;
  /** Whether something was read that other queries with this question may have otherwise. */
  readonly tailored: boolean;
}

export function dataOf(query: Query, fit: Fit, label: PluginEnv['label']): QueryData {
  const { match } = fit;
  const { question, client } = query;
  const found = Array.from(match, (group) => group ?? '');
  let tailored = false;
  const groups = new Map([
    ...found.map((group, i) => [String(i), group] as const),
    ...Object.entries(match.groups ?? {}),
  ]);
  const variables = new Map<string, Result>();
  const own = <T>(value: T): T => {
    tailored = true;
    return value;
  };
  return {
    get tailored() {
      return tailored;
    },
    variables,
    scope: {
      ...{ question: query, variables, group: (name) => groups.get(name) ?? '' },
      get query() {
        return own(query);
      },
      label: (name) => own(label(query, name)),
    },
    data: {
      Name: query.name,
      Zone: fit.zone,
      Class: printClass(fit.class),
      Type: printType(fit.type),
      Match: found,
      Group: groups,
      Var: variables,
      get Question() {
        return own({ Name: question.name, Qtype: query.type, Qclass: query.class });
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
