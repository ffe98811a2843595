import type { PluginStatus } from '../../admin/protocol/index.ts';
import { checksWith, listOf, mapOf, OBJECT, oneOf, optional, type Rule, TEXT } from '../../base/check.ts';
import { messageOf } from '../../base/errors.ts';
import type { Plugin } from '../../plugin/plugin.ts';
import { STATES, worstFirst } from '../../plugin/status.ts';
import type { NamedPlugin } from '../reload/plugin-env.ts';

/** The maximum number of upstreams, watches and other figures of a plugin that are shown; those with the worst state come first. */
export const MAX_SHOWN = 1000;
/** The maximum number of characters of a summary, and of what the Corefile says. */
export const MAX_SUMMARY = 2000;

type Known = Omit<PluginStatus, 'name' | 'text'>;

/** A plugin of a chain, with what it says of itself. Never throws. */
export function pluginStatus({ name, plugin, shown }: NamedPlugin): PluginStatus {
  return { name, text: cut(shown()), ...statusOf(plugin) };
}

function statusOf(plugin: Plugin): Known {
  try {
    if (plugin.status) return readStatus(plugin.status());
    return plugin.ready?.() === false ? { state: 'waiting', summary: 'It is not ready yet.' } : { state: 'ok' };
  } catch (thrown) {
    return { state: 'degraded', summary: cut(`Its status is not known: ${messageOf(thrown)}`) };
  }
}

const check = checksWith('PLUGIN');
const STATE = oneOf(STATES);
const NUMBER: Rule = { should: 'a number', accepts: Number.isFinite };
const CACHE_PART = withValues('figures', { entries: NUMBER, capacity: NUMBER, hits: NUMBER });
const RULES: Readonly<Record<keyof Known, Rule>> = {
  state: STATE,
  summary: TEXT,
  upstreams: listOf(
    withValues('the status of an upstream', {
      ...{ address: TEXT, state: STATE, failedProbes: NUMBER, inFlight: NUMBER, queries: NUMBER, failures: NUMBER },
      ...{ zones: optional(listOf(TEXT)), problem: optional(TEXT), p50Ms: optional(NUMBER), p99Ms: optional(NUMBER) },
      rcodes: mapOf(NUMBER),
    }),
  ),
  watches: listOf(
    withValues('the status of a watch', {
      ...{ what: TEXT, state: STATE, objects: NUMBER, problem: optional(TEXT) },
      ...{ ageSeconds: optional(NUMBER), serial: optional(NUMBER), expiresInSeconds: optional(NUMBER) },
    }),
  ),
  cache: withValues('figures of success and denial', { success: CACHE_PART, denial: CACHE_PART }),
  figures: mapOf(NUMBER),
};

function withValues(should: string, rules: Readonly<Record<string, Rule>>): Rule {
  const accepts = (value: unknown) =>
    OBJECT.accepts(value) &&
    Object.entries(rules).every(([name, rule]) => rule.accepts((value as Readonly<Record<string, unknown>>)[name]));
  return { should, accepts };
}

/** What a plugin said, checked and copied: a plugin of a package may say anything. @throws CairnError, or what the values throw when they are read */
function readStatus(said: unknown): Known {
  if (said instanceof Promise) throw new TypeError('a status must be given at once, not as a promise');
  check.options('its status', said, RULES);
  const copy = JSON.parse(JSON.stringify(said)) as Partial<Known>;
  const { state = 'ok', summary, upstreams, watches, cache, figures } = copy;
  return {
    state,
    ...(summary !== undefined && { summary: cut(summary) }),
    ...(upstreams && { upstreams: worstFirst(upstreams).slice(0, MAX_SHOWN) }),
    ...(watches && { watches: worstFirst(watches).slice(0, MAX_SHOWN) }),
    ...(cache && { cache }),
    ...(figures && { figures: Object.fromEntries(Object.entries(figures).slice(0, MAX_SHOWN)) }),
  };
}

function cut(text: string): string {
  return text.length > MAX_SUMMARY ? `${text.slice(0, MAX_SUMMARY)}…` : text;
}
