import { parseRecord } from '../../dns/presentation.ts';
import type { Handler, PluginDefinition } from '../plugin.ts';
import type { Query } from '../query.ts';
import { UNCHANGING } from '../repeat.ts';
import { createReply, type Reply } from '../reply.ts';
import type { TestEnvOptions } from './env.ts';
import { makePlugin } from './plugin.ts';
import { printReply, type TestQueryOptions, testQuery } from './query.ts';

/** The replies of the plugins below: one for each question, or one for all. */
export type Below = Partial<Reply> | Readonly<Record<string, Partial<Reply>>> | Handler;

/** Reply parts with an answer in zone-file text, one record a line. */
export function answerOf(text: string, parts: Partial<Reply> = {}): Partial<Reply> {
  return { ...parts, answer: text.split('\n').map((line) => parseRecord(line.trim())) };
}

/**
 * A plugin in front of the replies of `below`, which all may be repeated.
 *
 * `ask` gives the reply as {@link printReply} prints it, `query` the reply itself; `passed` are the queries that the plugin passed on.
 */
export function inFrontOf(definition: PluginDefinition, body: string, below: Below, options: TestEnvOptions = {}) {
  const { plugin, env } = makePlugin(definition, body, options);
  const passed: Query[] = [];
  const next: Handler = (query) => {
    passed.push(query);
    if (typeof below === 'function') return below(query);
    return createReply('next', { repeat: UNCHANGING, ...(below as Partial<Reply>) });
  };
  const handler = plugin.wrap!(next);
  const query = (question: string, options: TestQueryOptions = {}) => handler(testQuery(question, options));
  const ask = async (question: string, options: TestQueryOptions = {}) => printReply(await query(question, options));
  return { plugin, env, passed, query, ask };
}
