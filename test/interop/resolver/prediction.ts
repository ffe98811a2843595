import type { Query } from '../../../src/resolver/exchange.ts';
import { decodeReply, encodeQuery } from '../../../src/resolver/message.ts';
import { readSettings } from '../../../src/resolver/plan.ts';
import { type Prediction, predict } from '../../../src/resolver/predict.ts';
import type { LookupResult } from '../../../src/resolver/result.ts';
import type { Settings } from '../../../src/resolver/settings.ts';
import type { StubName } from '../../../src/resolver/stub.ts';
import { stubs } from '../../../src/resolver/stubs.ts';
import { type Asked, replyTo, type Scenario } from './scenario.ts';

/** What the library says that a stub resolver does with a scenario. */
export function predictScenario(
  stubName: StubName,
  scenario: Scenario,
  {
    random = 0,
    override = {},
  }: {
    /** Decides where `rotate` begins. */ random?: number /** What the program sets itself. */;
    override?: Partial<Settings>;
  } = {},
): Prediction<LookupResult> {
  const stub = stubs[stubName];
  const settings = { ...readSettings({ stub: stubName, resolvConf: scenario.resolvConf }), ...override };
  const question = { name: scenario.name, types: ['A', 'AAAA'], kind: 'addresses' } as const;
  const candidates = stub.candidates(question, settings);
  const types = stub.types(question, settings);
  const task = { kind: question.kind, candidates, types, settings, random: () => random, startMs: 0 };
  return predict(stub.lookup(task), (query) => {
    const reply = replyTo(scenario, Buffer.from(encodeQuery(query)), askedOf(query));
    return (reply && decodeReply(reply)) ?? 'silence';
  });
}

export function askedOf({ name, type, server, protocol }: Query): Asked {
  return { name: name.toLowerCase().slice(0, -1), type, server, protocol };
}

/**
 * The questions as text, in steps of one name after the other. Within a step, each type has its own sequence of servers, for A and
 * AAAA overtake each other on the way. Where several servers are asked at once, replies overtake each other too, and with them what
 * is asked again or later: then only the number of questions for each name is told.
 */
export function printAsked(asked: readonly Asked[], atOnce: boolean): string[] {
  if (atOnce && new Set(asked.map(({ server }) => server)).size > 1) {
    return [...Map.groupBy(asked, ({ name }) => name)].map(([name, all]) => `${name} ×${all.length}`);
  }
  const steps: { name: string; asked: Asked[] }[] = [];
  for (const one of asked) {
    if (steps.at(-1)?.name !== one.name) steps.push({ name: one.name, asked: [] });
    steps.at(-1)!.asked.push(one);
  }
  return steps.map((step) => `${step.name}: ${sequence(step.asked)}`);
}

function sequence(asked: readonly Asked[]): string {
  const ways = Map.groupBy(asked, ({ type }) => type);
  const printed = [...ways].map(([type, way]) => `${type} ${way.map(printServer).join(',')}`);
  return printed.sort().join(' ');
}

function printServer({ server, protocol }: Asked): string {
  return `${server.slice(-1)}${protocol === 'tcp' ? '/tcp' : ''}`;
}
