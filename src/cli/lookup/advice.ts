import {
  createResolver,
  type Explanation,
  type ResolvConf,
  type ResolverOptions,
  type Transport,
} from '../../resolver/index.ts';
import type { Recorder } from './record.ts';

/** A change that leads to the same result, and the number of queries that it would have taken. */
export interface Cheaper {
  /** What to do, such as `a trailing dot`. */
  readonly change: string;
  readonly queries: number;
}

/**
 * Finds changes that would have led to the same result with fewer queries. Each change is tried with the recorded responses. A change that needs a
 * query which was not sent is left out.
 */
export async function findCheaper(
  explanation: Explanation,
  options: ResolverOptions & { readonly resolvConf: ResolvConf },
  type: string | undefined,
  recorder: Recorder,
): Promise<readonly Cheaper[]> {
  const { name, result, queries } = explanation;
  if (!result.ok || name.endsWith('.')) return [];
  const ask = { ...(type !== undefined && { type }) };
  const found: Cheaper[] = [];
  for (const { change, name: other, resolvConf } of changesOf(
    name,
    result.name,
    options.resolvConf,
    explanation.settings.ndots,
  )) {
    const stop = new AbortController();
    const transport: Transport = (...exchange) =>
      recorder.replay(...exchange).catch((error) => {
        stop.abort();
        throw error;
      });
    const resolver = createResolver({ ...options, resolvConf, transport });
    const tried = await resolver.explain(other, { ...ask, signal: stop.signal }).catch(() => undefined);
    if (stop.signal.aborted || !tried?.result.ok || tried.result.name !== result.name) continue;
    if (tried.queries.length < queries.length) found.push({ change, queries: tried.queries.length });
  }
  return found;
}

interface Change {
  readonly change: string;
  readonly name: string;
  readonly resolvConf: ResolvConf;
}

function changesOf(name: string, found: string, resolvConf: ResolvConf, ndots: number): readonly Change[] {
  const change = found === `${name}.` ? 'a trailing dot' : `asking for ${found}`;
  return [{ change, name: found, resolvConf }, ...lowerNdots(name, resolvConf, ndots)];
}

/** Lowers ndots so far that the name is first asked for as it is typed. */
function lowerNdots(name: string, resolvConf: ResolvConf, ndots: number): readonly Change[] {
  const dots = name.split('.').length - 1;
  if (dots === 0 || dots >= ndots) return [];
  const others = resolvConf.options.filter((option) => option.name !== 'ndots');
  const options = [...others, { name: 'ndots', value: `${dots}` }];
  return [{ change: `ndots:${dots}`, name, resolvConf: { ...resolvConf, options } }];
}

/** `a trailing dot or ndots:2 would make it 1`; empty if there is nothing cheaper. */
export function printAdvice(cheaper: readonly Cheaper[]): string {
  const byCost = Map.groupBy(cheaper, ({ queries }) => queries);
  return [...byCost]
    .sort(([a], [b]) => a - b)
    .map(([queries, ways]) => `${ways.map(({ change }) => change).join(' or ')} would make it ${queries}`)
    .join('; ');
}
