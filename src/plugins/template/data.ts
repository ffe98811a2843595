import { printClass } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { printType } from '../../dns/rr.ts';
import type { Value as Result, Scope } from '../../expression/expression.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { Query } from '../../plugin/query.ts';
import type { Struct, Value } from './go/value.ts';

/** The fields that a template can use. */
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

/** The match of a regular expression: the whole match, then its groups; undefined for a group that did not match. */
export type Match = readonly (string | undefined)[] & {
  readonly groups?: Readonly<Record<string, string>> | undefined;
};

/** How a stanza matches a query. */
interface Fit {
  readonly zone: Name;
  readonly match: Match;
  /** The type and class of the query; if it asks for all, those of the stanza. */
  readonly type: number;
  readonly class: number;
}

/** The data of a query for templates. */
export interface QueryData {
  readonly data: Struct & Readonly<Record<(typeof FIELDS)[number], Value>>;
  /** The same data for the stanza's expressions. */
  readonly scope: Scope;
  /** The values of the stanza's variables, which are filled in later. */
  readonly variables: Map<string, Result>;
  /** Whether something was read that may differ for other queries with the same question. */
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

/** The message's header and question, with the names of Go's dns library. */
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
