import { CairnError } from '../../base/errors.ts';
import { Class } from '../../dns/message.ts';
import { longestZone, type Name } from '../../dns/name.ts';
import { QType } from '../../dns/rr.ts';
import { evaluate } from '../../expression/evaluate.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { fallsThrough } from '../../plugin/lookup.ts';
import type { Query } from '../../plugin/query.ts';
import { dataOf, type Match, type QueryData } from './data.ts';
import type { Stanza } from './options.ts';

/** A stanza that matches a query. */
export interface Found {
  readonly kind: 'found';
  readonly zone: Name;
  readonly data: QueryData;
}

/** The stanza does not match; `tailored` if it could match the same question of another client. */
type Missed = { readonly tailored: boolean } & (
  | { readonly kind: 'pass' }
  /** The query did not match, and must not go to other plugins. */
  | { readonly kind: 'unmatched'; readonly problem: string }
  /** An expression failed, so it is not known whether the query matches. */
  | { readonly kind: 'failed'; readonly problem: string }
);

type Finding = Found | Missed;

const PASS: Finding = { kind: 'pass', tailored: false };

/** The first stanza that matches the query; `tailored` if a stanza before it could match the query of another client. */
export type Choice =
  | { readonly kind: 'found'; readonly stanza: Stanza; readonly found: Found; readonly tailored: boolean }
  | Missed;

/** Tries the stanzas in order. */
export function choose(query: Query, stanzas: readonly Stanza[], label: PluginEnv['label']): Choice {
  let tailored = false;
  for (const stanza of stanzas) {
    const found = find(query, stanza, label);
    if (found.kind === 'found') return { kind: 'found', stanza, found, tailored };
    tailored ||= found.tailored;
    if (found.kind !== 'pass') return { ...found, tailored };
  }
  return { kind: 'pass', tailored };
}

/** Whether a stanza answers the query. */
function find(query: Query, stanza: Stanza, label: PluginEnv['label']): Finding {
  const { name } = query;
  const zone = longestZone(name, stanza.zones);
  const [qclass, type] = [common(stanza.class, query.class, Class.ANY), common(stanza.type, query.type, QType.ANY)];
  if (zone === undefined || qclass === undefined || type === undefined) return PASS;
  const match = matchName(name, stanza);
  if (!match) return unmatched(query, stanza, false, 'no regular expression matches');
  const data = dataOf(query, { zone, match, type, class: qclass }, label);
  try {
    if (meetsConditions(stanza, data)) return { kind: 'found', zone, data };
  } catch (thrown) {
    if (thrown instanceof CairnError) return { kind: 'failed', problem: thrown.message, tailored: data.tailored };
    throw thrown;
  }
  return unmatched(query, stanza, data.tailored, 'a condition is not true');
}

function unmatched({ name }: Query, { fallthrough }: Stanza, tailored: boolean, problem: string): Finding {
  return fallsThrough(name, fallthrough)
    ? { kind: 'pass', tailored }
    : { kind: 'unmatched', tailored, problem: `${problem}, and the template does not fall through` };
}

/** The common code of a stanza (undefined for all) and a query (which may ask for all); undefined if they differ. */
function common(wanted: number | undefined, code: number, all: number): number | undefined {
  if (wanted === undefined || wanted === code) return code;
  return code === all ? wanted : undefined;
}

/** Sets the stanza's variables. Returns whether all its conditions are true. @throws CairnError */
function meetsConditions({ variables, conditions }: Stanza, { scope, variables: values }: QueryData): boolean {
  for (const { name, expression } of variables) values.set(name, evaluate(expression, scope));
  return conditions.every((condition) => evaluate(condition, scope) === true);
}

function matchName(name: Name, { patterns }: Stanza): Match | undefined {
  if (patterns.length === 0) return [name];
  for (const pattern of patterns) {
    const match = pattern.exec(name);
    if (match) return match;
  }
  return undefined;
}
