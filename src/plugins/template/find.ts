import { longestZone, type Name } from '../../dns/name.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { fallsThrough } from '../../plugin/lookup.ts';
import type { Query } from '../../plugin/query.ts';
import { dataOf, type Match, type QueryData } from './data.ts';
import type { Stanza } from './options.ts';

/** A stanza's hold on a query. */
export interface Found {
  readonly zone: Name;
  readonly data: QueryData;
}

/** Whether a stanza answers the query: `unmatched` where its name should have matched, and must not be left to others. */
export function find(query: Query, stanza: Stanza, label: PluginEnv['label']): Found | 'pass' | 'unmatched' {
  const { name, type } = query;
  const zone = longestZone(name, stanza.zones);
  if (zone === undefined || !fits(stanza.class, query.class) || !fits(stanza.type, type)) return 'pass';
  const match = matchName(name, stanza);
  if (match) return { zone, data: dataOf(query, zone, match, label) };
  return fallsThrough(name, stanza.fallthrough) ? 'pass' : 'unmatched';
}

function fits(wanted: number | undefined, code: number): boolean {
  return wanted === undefined || wanted === code;
}

function matchName(name: Name, { patterns }: Stanza): Match | undefined {
  if (patterns.length === 0) return [name];
  for (const pattern of patterns) {
    const match = pattern.exec(name);
    if (match) return match;
  }
  return undefined;
}
