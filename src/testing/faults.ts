import { oneOf, TEXT, textSuchAs, wholeNumber } from '../base/check.ts';
import { Rcode } from '../dns/message.ts';
import { foldName } from '../dns/name.ts';
import type { NameTest } from './fault-names.ts';
import { check } from './known-options.ts';
import { readRecordType } from './record-type.ts';

const FAILURES = ['SERVFAIL', 'NXDOMAIN', 'REFUSED', 'timeout'] as const;

/** How queries fail: with a response code, or without a response. */
export type Failure = (typeof FAILURES)[number];

export interface FaultOptions {
  /** How many lookups it concerns, with all their queries; of a program outside of the test, how many queries. All by default. */
  readonly times?: number;
  /** Only queries of this type, such as `AAAA`. */
  readonly type?: string;
}

/** A fault, until it ends: `using` ends it with its block. */
export interface Fault extends Disposable {
  /** How many lookups it concerned so far. */
  readonly hits: number;
  end(): void;
}

/** What happens to one query. */
export interface Disturbance {
  readonly fail?: { readonly rcode: number; readonly reason: string } | 'timeout';
  readonly delayMs: number;
}

interface Rule {
  readonly matches: NameTest;
  readonly type: number | undefined;
  readonly fail?: Disturbance['fail'];
  readonly delayMs?: number;
  left: number;
  hits: number;
  /** The lookups that it concerns: their further queries are no further hits. */
  readonly lookups: WeakSet<object>;
}

/** The faults of a cluster. Among several that concern a query, the last failure and the last delay count. */
export interface Faults {
  fail(names: string, failure: Failure, options?: FaultOptions): Fault;
  delay(names: string, delayMs: number, options?: FaultOptions): Fault;
  /** `lookup` is the same object for all queries of a lookup. */
  of(question: { readonly name: string; readonly type: number }, lookup: object): Disturbance;
}

export function createFaults(readNames: (text: string) => NameTest): Faults {
  const rules: Rule[] = [];
  const add = (names: string, what: Pick<Rule, 'fail' | 'delayMs'>, options: FaultOptions): Fault => {
    const rule: Rule = { ...what, ...readOptions(options), matches: readNames(names), hits: 0, lookups: new WeakSet() };
    rules.unshift(rule);
    const end = () => {
      if (rules.includes(rule)) rules.splice(rules.indexOf(rule), 1);
    };
    return {
      get hits() {
        return rule.hits;
      },
      end,
      [Symbol.dispose]: end,
    };
  };
  return {
    fail(names, failure, options = {}) {
      check.value('fail: names', names, NAMES);
      check.value('fail: failure', failure, oneOf(FAILURES));
      if (failure === 'timeout') return add(names, { fail: failure }, options);
      const reason = `the test's fail('${names}', '${failure}')`;
      return add(names, { fail: { rcode: Rcode[failure], reason } }, options);
    },
    delay(names, delayMs, options = {}) {
      check.value('delay: names', names, NAMES);
      check.value('delay: delayMs', delayMs, MILLISECONDS);
      return add(names, { delayMs }, options);
    },
    of({ name, type }, lookup) {
      const folded = foldName(name);
      const concerned = rules.filter((rule) => (rule.type ?? type) === type && rule.matches(folded));
      const fail = concerned.find((rule) => rule.fail && hits(rule, lookup))?.fail;
      const delayMs = concerned.find((rule) => rule.delayMs !== undefined && hits(rule, lookup))?.delayMs ?? 0;
      return { ...(fail && { fail }), delayMs };
    },
  };
}

/** Whether a rule concerns a lookup, which counts once. */
function hits(rule: Rule, lookup: object): boolean {
  if (rule.lookups.has(lookup)) return true;
  if (rule.left === 0) return false;
  rule.left--;
  rule.hits++;
  rule.lookups.add(lookup);
  return true;
}

const NAMES = textSuchAs('names such as "shop/web", "api.example.com" or "*"');
const MILLISECONDS = {
  should: 'a number of milliseconds from 0 on, or Infinity',
  accepts: (value: unknown) => typeof value === 'number' && value >= 0,
};
const OPTIONS = {
  times: { ...wholeNumber(1), accepts: (value: unknown) => value === Infinity || wholeNumber(1).accepts(value) },
  type: TEXT,
};

function readOptions(options: FaultOptions): Pick<Rule, 'left' | 'type'> {
  check.options('a fault', options, OPTIONS);
  const { times = Infinity, type } = options;
  return { left: times, type: type === undefined ? undefined : readRecordType(type) };
}
