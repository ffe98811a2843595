import { CairnError } from '../base/errors.ts';
import { Rcode } from '../dns/message.ts';
import { foldName } from '../dns/name.ts';
import { parseType } from '../dns/rr.ts';
import type { NameTest } from './fault-names.ts';
import { checkKnown } from './known-options.ts';

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
      if (!FAILURES.includes(failure))
        throw new CairnError('CLUSTER', `fail got "${failure}", it should be one of ${FAILURES.join(', ')}`);
      if (failure === 'timeout') return add(names, { fail: failure }, options);
      const reason = `the test's fail('${names}', '${failure}')`;
      return add(names, { fail: { rcode: Rcode[failure], reason } }, options);
    },
    delay(names, delayMs, options = {}) {
      if (typeof delayMs !== 'number' || !(delayMs >= 0))
        throw new CairnError('CLUSTER', `delay got ${delayMs}, it should be a number of milliseconds, or Infinity`);
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

const OPTIONS = ['times', 'type'];

function readOptions(options: FaultOptions): Pick<Rule, 'left' | 'type'> {
  checkKnown('a fault', options, OPTIONS);
  const { times = Infinity, type } = options;
  if (times !== Infinity && !(Number.isInteger(times) && times > 0))
    throw new CairnError('CLUSTER', `times is ${times}, it should be a whole number from 1 on`);
  if (type === undefined) return { left: times, type };
  const code = parseType(type);
  if (code !== undefined) return { left: times, type: code };
  throw new CairnError('TYPE', `"${type}" is not a record type: write one such as A, SRV or TYPE65`);
}
