import { isIP } from 'node:net';
import type { CallOptions, Explanation, ResolverOptions } from './api.ts';
import type { Answer } from './exchange.ts';
import { explanationOf } from './explain.ts';
import { type HostsLine, linesWithName } from './hosts.ts';
import { type LookupPlan, planOf, settingsOf } from './plan.ts';
import { found } from './result.ts';
import { type Network, run } from './run.ts';
import type { Settings } from './settings.ts';
import { readShortAddress } from './short-address.ts';
import type { Question, Stub, StubName } from './stub.ts';
import { stubs } from './stubs.ts';

/** Looks up names as one stub resolver does, and tells every step. */
export interface Explainer {
  readonly stub: Stub;
  readonly settings: Settings;
  explain(question: Question, options?: ExplainOptions): Promise<Explanation>;
  /** What it asks servers for; without candidates for what it answers itself. */
  plan(question: Question): LookupPlan;
}

export interface ExplainOptions extends CallOptions {
  /** What the program set itself. */
  readonly settings?: Partial<Settings>;
  readonly localAddress?: Network['localAddress'];
}

export function createExplainer(
  stubName: StubName,
  setup: ResolverOptions,
  network: Network,
  hosts: readonly HostsLine[],
): Explainer {
  const stub = stubs[stubName];
  const settings = settingsOf({ ...setup, stub: stubName });
  const { random = Math.random, onLookup } = setup;
  const told = (...args: Parameters<typeof explanationOf>) => {
    const explanation = explanationOf(...args);
    onLookup?.(explanation);
    return explanation;
  };
  const local = (question: Question) =>
    question.kind === 'addresses' ? answerLocally(question, stub, hosts) : undefined;
  return {
    stub,
    settings,
    async explain(question, { signal, settings: own = {}, localAddress } = {}) {
      signal?.throwIfAborted();
      const used = { ...settings, ...own };
      const { name, kind } = question;
      const known = local(question);
      if (known) {
        const ran = { result: found(name, known), trace: [], elapsedMs: 0 };
        return told({ name, stub: stub.name, settings: used, candidates: [] }, ran);
      }
      const candidates = stub.candidates(question, used);
      const types = stub.types(question, used);
      const machine = stub.lookup({ kind, candidates, types, settings: used, random, startMs: 0 });
      const ran = await run(machine, localAddress ? { ...network, localAddress } : network, signal);
      return told({ name, stub: stub.name, settings: used, candidates }, ran);
    },
    plan(question) {
      const plan = planOf(question, stub, settings);
      return local(question) ? { ...plan, candidates: [] } : plan;
    },
  };
}

/** What the machine knows itself; undefined where servers must be asked. */
function answerLocally({ name, types }: Question, { local }: Stub, hosts: readonly HostsLine[]): Answer[] | undefined {
  const literal = isIP(name) === 0 && local.shortAddresses ? readShortAddress(name) : isIP(name) ? name : undefined;
  if (literal !== undefined) return [answerOf(name, literal)];
  const lines = local.hosts ? linesWithName(hosts, name) : [];
  const answers = lines.map(({ address }) => answerOf(name, address)).filter(({ type }) => types.includes(type));
  return answers.length > 0 ? answers : undefined;
}

function answerOf(name: string, address: string): Answer {
  return { name, type: address.includes(':') ? 'AAAA' : 'A', ttl: 0, data: address };
}
