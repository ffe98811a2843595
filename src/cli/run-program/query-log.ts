import { type Message, Rcode } from '../../dns/message.ts';
import { foldName } from '../../dns/name.ts';
import { printType } from '../../dns/rr.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { DNS_PORT } from '../../net/addresses.ts';
import { type Recorder, recordExchanges, type Told } from '../lookup/record.ts';
import { outcomeOf } from '../lookup/trace.ts';
import type { View } from '../lookup/view.ts';
import type { AnswerMessage } from './dns.ts';

/** How many different questions are kept for the report. Queries for others are answered and counted. */
const MAX_QUESTIONS = 1000;

/** A question of a program, with the last response. */
export interface Asked {
  /** With its trailing dot. */
  readonly name: string;
  readonly type: string;
  count: number;
  elapsedMs: number;
  /** The records of the answer, or what the response means; until it comes, that there is none. */
  outcome: readonly string[];
  /** Which plugin answered and why. */
  explanation: string | undefined;
}

/** The queries of a program, with the responses that it got. */
export interface QueryLog {
  readonly answer: AnswerMessage;
  /** In the order in which they were asked first. */
  readonly questions: ReadonlyMap<string, Asked>;
  readonly recorder: Recorder;
  readonly counts: { readonly queries: number; readonly denied: number; readonly unlisted: number };
}

/** Answers a program's queries as the view does, and keeps what was asked. */
export function logQueries(view: View): QueryLog {
  const questions = new Map<string, Asked>();
  const counts = { queries: 0, denied: 0, unlisted: 0 };
  /** Gives the recorder what was exchanged already. */
  const done = new WeakMap<Uint8Array, Told>();
  const recorder = recordExchanges(async (message) => done.get(message)!);
  const { signal } = new AbortController();

  async function answer(...[message, nameserver, protocol]: Parameters<AnswerMessage>) {
    counts.queries++;
    const asked = listed(message);
    const startedMs = performance.now();
    const to = { address: nameserver, port: DNS_PORT };
    const told = await view.exchange(message, to, protocol, signal).catch((): Told => ({ octets: undefined }));
    const response = told.octets && decoded(told.octets);
    if (response?.rcode === Rcode.NXDOMAIN) counts.denied++;
    if (!asked) return told.octets;
    asked.elapsedMs = performance.now() - startedMs;
    asked.outcome = outcomeOf(response, asked.type);
    asked.explanation = told.explanation;
    done.set(message, told);
    await recorder.transport(message, to, protocol, signal);
    return told.octets;
  }

  /** The entry of a query's question; undefined if there are too many. */
  function listed(message: Uint8Array): Asked | undefined {
    const [question] = decoded(message)?.questions ?? [];
    if (!question) return undefined;
    const type = printType(question.type);
    const key = `${foldName(question.name)} ${type}`;
    let asked = questions.get(key);
    if (!asked && questions.size === MAX_QUESTIONS) {
      counts.unlisted++;
      return undefined;
    }
    asked ??= {
      name: question.name,
      type,
      count: 0,
      elapsedMs: 0,
      outcome: outcomeOf(undefined, type),
      explanation: undefined,
    };
    asked.count++;
    questions.set(key, asked);
    return asked;
  }

  return { answer, questions, recorder, counts };
}

/** Undefined for octets that are not a message. */
function decoded(octets: Uint8Array): Message | undefined {
  try {
    return decodeMessage(octets);
  } catch {
    return undefined;
  }
}
