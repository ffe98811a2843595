import type { CachedReply, Step } from '../../admin/protocol/index.ts';
import { messageOf } from '../../base/errors.ts';
import { listed } from '../../base/listed.ts';
import { printRcode } from '../../dns/message.ts';
import { printRecord } from '../../dns/presentation.ts';
import { printType } from '../../dns/rr.ts';
import type { Clock } from '../../observe/clock.ts';
import { beginExplaining, isExplained } from '../../plugin/explained.ts';
import { CACHE } from '../../plugin/keys.ts';
import type { Offers } from '../../plugin/offer.ts';
import type { Handler } from '../../plugin/plugin.ts';
import type { Arrival, Query } from '../../plugin/query.ts';
import type { Reply } from '../../plugin/reply.ts';

/** Where a plugin stands: the chain, by what its plugins offer, and its place in it. */
export interface StepPlace {
  /** Empty for the end of the chain. */
  readonly plugin: string;
  readonly offers: Offers;
  readonly index: number;
  /** Why the plugin made a reply. */
  readonly explain: ((query: Query, reply: Reply) => string | undefined) | undefined;
}

/** A plugin on the way of a query, as far as it has come. */
export interface RecordedStep {
  readonly place: StepPlace;
  /** The query as the plugin got it. */
  readonly query: Query;
  readonly startMs: number;
  /** Undefined while the plugin works. */
  result: Pick<Step, 'did' | 'durationMs' | 'note'> | undefined;
  /** The queries that it passed on. */
  readonly passed: Query[];
  /** The last thing that the next plugin returned or threw. */
  received: { readonly reply?: Reply; readonly thrown?: unknown } | undefined;
}

const recordings = new WeakMap<Arrival, Recording>();

/** The handler of a plugin, which records the steps of queries that are explained. For other queries this is one test. */
export function recordedHandler(place: StepPlace, handler: Handler): Handler {
  return (query) => {
    if (!isExplained(query)) return handler(query);
    const recording = recordings.get(query.arrival);
    return recording ? recording.run(place, query, handler) : handler(query);
  };
}

/** The steps of one query through the plugins, in the order in which they began. */
export class Recording {
  readonly steps: RecordedStep[] = [];
  /** What the caches on the way held for the names that they were asked for, before that. */
  readonly cached: CachedReply[] = [];
  private readonly clock: Clock;

  constructor(arrival: Arrival, clock: Clock) {
    this.clock = clock;
    recordings.set(arrival, this);
  }

  run(place: StepPlace, query: Query, handler: Handler): Reply | Promise<Reply> {
    const before = this.before(place, query);
    before?.passed.push(query);
    this.lookIntoCaches(place, query);
    const step: RecordedStep = {
      ...{ place, query, startMs: this.clock.monotonic() },
      ...{ result: undefined, passed: [], received: undefined },
    };
    this.steps.push(step);
    const end = (reply: Reply) => {
      if (before) before.received = { reply };
      this.settle(step, outcomeOf(step, reply));
      return reply;
    };
    const fail = (thrown: unknown): never => {
      if (before) before.received = { thrown };
      const isOwn = step.received?.thrown !== thrown;
      this.settle(step, isOwn ? { did: 'failed', note: messageOf(thrown) } : { did: 'passed' });
      throw thrown;
    };
    try {
      const reply = handler(query);
      if (!(reply instanceof Promise)) return end(reply);
      // A plugin before this one may reply earlier, and still nobody may hear of what goes on here.
      const release = beginExplaining(query.arrival);
      return reply.finally(release).then(end, fail);
    } catch (thrown) {
      return fail(thrown);
    }
  }

  /** The steps that did something, and those before them, for people. */
  print(): readonly Step[] {
    return this.steps.filter(({ place }) => place.plugin !== '').map((step) => this.printStep(step));
  }

  /** The last step that has not ended: what the query waits for. */
  get waiting(): RecordedStep | undefined {
    return this.steps.findLast(({ result }) => result === undefined);
  }

  private lookIntoCaches({ plugin, offers }: StepPlace, { name }: Query): void {
    const isNew = !this.steps.some(
      ({ place, query }) => place.plugin === plugin && place.offers === offers && query.name === name,
    );
    if (isNew) this.cached.push(...offers.of(CACHE, plugin).flatMap((cache) => cache.find(name)));
  }

  private printStep({ place, query, result, startMs }: RecordedStep): Step {
    return {
      plugin: place.plugin,
      depth: query.depth,
      name: query.question.name,
      type: printType(query.type),
      ...(result ?? { did: 'passed', durationMs: elapsedMs(this.clock, startMs), note: 'still at work' }),
    };
  }

  private settle(step: RecordedStep, result: Pick<Step, 'did' | 'note'>): void {
    step.result = { ...result, durationMs: elapsedMs(this.clock, step.startMs) };
  }

  /** The plugin that passed the query on: the nearest one before it in the chain that is still at work on this lookup. */
  private before({ offers, index }: StepPlace, query: Query): RecordedStep | undefined {
    const atWork = this.steps.filter(
      ({ place, query: { depth }, result }) =>
        !result && place.offers === offers && place.index < index && depth === query.depth,
    );
    const nearest = Math.max(...atWork.map(({ place }) => place.index));
    const candidates = atWork.filter(({ place }) => place.index === nearest);
    return candidates.findLast((step) => isSameQuestion(step.query, query)) ?? candidates.at(-1);
  }
}

/** The time since then, in milliseconds and whole microseconds. */
export function elapsedMs(clock: Clock, startMs: number): number {
  return Math.round((clock.monotonic() - startMs) * 1000) / 1000;
}

/** What a plugin did that returned a reply. */
function outcomeOf(step: RecordedStep, reply: Reply): Pick<Step, 'did' | 'note'> {
  const { place, query, passed, received } = step;
  if (place.plugin === '') return { did: 'passed' };
  if (reply.source === place.plugin || (!received && reply.source !== '')) return answered(place, query, reply);
  if (reply.source === '' && reply.error && reply.error !== received?.reply?.error) {
    return { did: 'failed', note: reply.error.message };
  }
  const notes = [...questionChanges(query, passed), ...(received?.reply ? replyChanges(received.reply, reply) : [])];
  return notes.length > 0 ? { did: 'changed', note: notes.join('; ') } : { did: 'passed' };
}

function answered(place: StepPlace, query: Query, reply: Reply): Pick<Step, 'did' | 'note'> {
  const note = reply.error?.message ?? saidOf(place, query, reply) ?? (reply.drop && 'it sends no response');
  return { did: 'answered', ...(note !== undefined && { note }) };
}

/** What the plugin says of its reply. If it throws, the client's reply is still the same. */
function saidOf(place: StepPlace, query: Query, reply: Reply): string | undefined {
  try {
    return place.explain?.(query, reply);
  } catch (thrown) {
    return `it cannot say why: ${messageOf(thrown)}`;
  }
}

function questionChanges(query: Query, passed: readonly Query[]): readonly string[] {
  const others = passed.filter((other) => !isSameQuestion(query, other));
  const asked = [...new Set(others.map(({ question, type }) => `${question.name} ${printType(type)}`))];
  const isAlso = others.length < passed.length;
  return [
    ...(asked.length > 0 ? [`asks ${isAlso ? 'also ' : ''}for ${listed(asked)}`] : []),
    ...(passed.some(({ edns }) => edns !== query.edns) ? ['changes the EDNS options of the query'] : []),
  ];
}

function isSameQuestion({ question: a }: Query, { question: b }: Query): boolean {
  return a.name === b.name && a.type === b.type && a.class === b.class;
}

const SECTIONS = ['answer', 'authority', 'additional'] as const;

/** What differs between a reply and the one that the plugin made of it, in words. */
function replyChanges(before: Reply, after: Reply): readonly string[] {
  if (before === after) return [];
  const flags = (['aa', 'ra', 'ad', 'tc', 'drop'] as const).filter(
    (flag) => Boolean(before[flag]) !== Boolean(after[flag]),
  );
  return [
    ...(before.rcode === after.rcode ? [] : [`makes ${printRcode(before.rcode)} ${printRcode(after.rcode)}`]),
    ...SECTIONS.flatMap((section) => recordChange(before, after, section)),
    ...flags.map((flag) =>
      flag === 'drop' ? 'sends no response' : `${after[flag] ? 'sets' : 'clears'} ${flag.toUpperCase()}`,
    ),
  ];
}

function recordChange(before: Reply, after: Reply, section: (typeof SECTIONS)[number]): readonly string[] {
  const [old, made] = [before[section], after[section]];
  const is = (print: (records: typeof old) => string) => print(old) === print(made);
  if (is((records) => records.map(printRecord).join('\n'))) return [];
  const where = section === 'answer' ? 'records' : `${section} records`;
  if (is((records) => records.map(printRecord).sort().join('\n'))) return [`changes the order of the ${where}`];
  if (is((records) => records.map((record) => printRecord({ ...record, ttl: 0 })).join('\n'))) {
    return [`changes the TTLs of the ${where}`];
  }
  return [`changes the ${where}`];
}
