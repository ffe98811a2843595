import { printWarning } from '../../corefile/error.ts';
import type { Handler, ParseContext, Plugin, PluginDefinition, Sent } from '../plugin.ts';
import type { Query } from '../query.ts';
import { createReply, type Reply } from '../reply.ts';
import { directives } from './directive.ts';
import { type TestEnv, type TestEnvOptions, testEnv } from './env.ts';

/** The options that a plugin reads from the text of a server block's body, which uses no other plugin. */
export function parsePlugin(definition: PluginDefinition, body: string, zones: readonly string[] = ['.']): unknown {
  return definition.parse(directives(body), parseContext(zones));
}

/** A block with these zones. Warnings go to `warnings`, with their places. */
export function parseContext(zones: readonly string[] = ['.'], warnings: string[] = []): ParseContext {
  return { keys: [], zones, warn: (position, message) => warnings.push(printWarning({ position, message })) };
}

/** The warnings of a plugin about the text of a server block's body, with their places. */
export function warningsOf(definition: PluginDefinition, body: string, zones?: readonly string[]): string[] {
  const warnings: string[] = [];
  definition.parse(directives(body), parseContext(zones, warnings));
  return warnings;
}

/** A plugin at work, made from the text of a server block's body. */
export function makePlugin(
  definition: PluginDefinition,
  body: string,
  options: TestEnvOptions = {},
): { plugin: Plugin; env: TestEnv } {
  const env = testEnv({ name: definition.name, ...options });
  const plugin = definition.create(parsePlugin(definition, body, env.block.zones), env);
  env.offers.complete();
  return { plugin, env };
}

/** The end of a chain, which shows that a plugin passed a query on: REFUSED, from `next`. */
export const nextHandler: Handler = () => createReply('next', { rcode: 5 });

/** What observers are told of a query that got `reply`. */
export function sentReply(query: Query, reply: Reply, sent: { octets?: number; durationMs?: number } = {}): Sent {
  const { aa, ra, ad, tc } = reply;
  const { opcode, rd, cd } = query.message;
  return { reply, flags: { qr: true, opcode, aa, tc, rd, ra, ad, cd }, octets: 40, durationMs: 1, ...sent };
}

/** Lets a plugin read its files and then start, as the server does. */
export async function startPlugin(
  { load, start }: Plugin,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  await load?.();
  await start?.(signal);
}
