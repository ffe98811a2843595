import { dotsIn } from '../candidates.ts';
import type { Answer, Reply } from '../exchange.ts';
import type { Machine } from '../machine.ts';
import { type FailureCode, failed, found, type LookupResult } from '../result.ts';
import type { Candidate, LookupTask } from '../stub.ts';
import { FAILURE_CODES, hasRecordsOf, verdictOf } from '../verdict.ts';
import { type Sender, send } from './glibc-send.ts';

/** res_search: tries the candidates in order. If the name as typed was tried first, its error has priority. */
export function* search({ candidates, types, settings, random, startMs }: LookupTask): Machine<LookupResult> {
  const sender: Sender = {
    settings,
    nowMs: startMs,
    single: settings.flags.has('single-request') || settings.flags.has('single-request-reopen'),
    reopen: settings.flags.has('single-request-reopen'),
    edns: settings.flags.has('edns0'),
    offset: Math.floor(random() * settings.nameservers.length),
    lastRcode: undefined,
  };
  const failures: Failure[] = [];
  let stopped = false;
  let triedTyped = false;
  let why = '';
  for (const [i, candidate] of candidates.entries()) {
    if (stopped && (triedTyped || !isTyped(candidate, settings))) continue;
    triedTyped ||= candidate.suffix === undefined || candidate.suffix === '.';
    const reason = why === '' ? candidate.reason : `${candidate.reason}; ${why}`;
    const heard = yield* send(candidate.name, types, sender, reason);
    const code = 'code' in heard ? heard.code : failureOf(heard);
    if (code === undefined) return success(candidate, types, heard as readonly Reply[]);
    why = `${candidate.name}: ${code}`;
    const isTryAgain = 'code' in heard ? code !== 'ECONNREFUSED' : code === 'ESERVFAIL';
    const servfail = isTryAgain && sender.lastRcode === 'SERVFAIL';
    failures.push({ code, servfail, isFirst: i === 0, isList: candidate.suffix !== undefined });
    if (stopped) break;
    if (candidate.suffix === undefined) continue;
    if (code === 'ECONNREFUSED') return failed(code, 'no server can be reached');
    stopped = !(code === 'ENOTFOUND' || code === 'ENODATA' || servfail);
  }
  return final(failures);
}

interface Failure {
  readonly code: FailureCode;
  /** Whether the first response from the last server was SERVFAIL: then the search goes on. */
  readonly servfail: boolean;
  readonly isFirst: boolean;
  /** Whether the name comes from the search list. */
  readonly isList: boolean;
}

/** Whether the candidate is the name as typed, which is still asked for after the search list was left. An element `.` stands for it here. */
function isTyped({ name, suffix }: Candidate, { flags }: LookupTask['settings']): boolean {
  return suffix === undefined || (suffix === '.' && (dotsIn(name) > 1 || !flags.has('no-tld-query')));
}

/** The failure; undefined if there is data. The first rcode that is not NOERROR counts. */
function failureOf(replies: readonly Reply[]): FailureCode | undefined {
  const verdicts = replies.map(verdictOf);
  const verdict = verdicts.includes('answer') ? 'answer' : (verdicts.find((one) => one !== 'nodata') ?? 'nodata');
  return verdict === 'answer' ? undefined : FAILURE_CODES[verdict];
}

function success({ name }: Candidate, types: readonly string[], replies: readonly Reply[]): LookupResult {
  const answers = replies.flatMap((reply) => (verdictOf(reply) === 'answer' ? inChain(name, reply.answers) : []));
  if (hasRecordsOf(types, answers)) return found(name, answers);
  return failed('ENODATA', `the answer for ${name} leads to no record of the type asked for`);
}

/** Reads the section once and follows CNAME records to their targets. Records of other owners are ignored. */
function inChain(name: string, answers: readonly Answer[]): Answer[] {
  let owner = fold(name);
  return answers.filter((answer) => {
    if (answer.type === 'CNAME') {
      owner = fold(String(answer.data));
      return true;
    }
    return fold(answer.name) === owner;
  });
}

function fold(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function final(failures: readonly Failure[]): LookupResult {
  const [first] = failures;
  if (!first) return failed('EBADNAME', 'the name cannot be asked for');
  if (first.isFirst && !first.isList)
    return failed(first.code, 'the name as typed was tried first, so its error counts');
  const hasNodata = failures.some(({ code, isList }) => isList && code === 'ENODATA');
  if (hasNodata) return failed('ENODATA', 'one of the names exists without data of these types');
  if (failures.some(({ servfail, isList }) => isList && servfail))
    return failed('ESERVFAIL', 'a server failure on the way');
  return failed(failures.at(-1)!.code, 'the error of the last name counts');
}
