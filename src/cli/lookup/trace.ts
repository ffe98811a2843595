import { type Message, printRcode, Rcode } from '../../dns/message.ts';
import { printRdata } from '../../dns/presentation.ts';
import { printType, type ResourceRecord } from '../../dns/rr.ts';
import type { ExplainedQuery, Explanation, Outcome } from '../../resolver/index.ts';
import { type Cheaper, printAdvice } from './advice.ts';
import type { Recorder } from './record.ts';
import type { View } from './view.ts';

/** What a response means that has no records. */
export const OUTCOMES: Readonly<Record<Exclude<Outcome, 'answer'>, string>> = {
  nodata: 'no data',
  nxdomain: 'NXDOMAIN',
  servfail: 'SERVFAIL',
  refused: 'REFUSED',
  formerr: 'FORMERR',
  notimp: 'NOTIMP',
  truncated: 'truncated: asked again over TCP',
  timeout: 'no response in time',
  unreachable: 'nothing listens there',
};

/** The room for an outcome or an address. */
export const WHAT_WIDTH = 14;

/** A lookup as text: the client and its servers, every candidate with its queries, and the result. */
export function printTrace(
  explanation: Explanation,
  view: View,
  recorder: Recorder,
  cheaper: readonly Cheaper[],
): string {
  const { stub, settings, candidates, queries } = explanation;
  const width = Math.max(...candidates.map(({ name }) => name.length));
  const several = new Set(queries.map(({ server }) => server)).size > 1;
  const lines = [
    `${explanation.name}, as ${view.who} looks it up (${stub}, ndots ${settings.ndots})`,
    `  search  ${settings.search.join(' ') || '(none)'}`,
    `  asks    ${view.whom}`,
    ...settings.notes.map(({ message }) => `  note    ${message}`),
    '',
  ];
  for (const [i, { name, reason, tried }] of candidates.entries()) {
    lines.push(`${`${i + 1}.`.padEnd(4)}${name.padEnd(width)}  ${tried ? reason : `not asked (${reason})`}`);
    for (const query of queries) if (query.name === name) lines.push(...printQuery(query, recorder, several));
  }
  return `${lines.join('\n')}\n\n${printSummary(explanation, recorder, cheaper)}\n`;
}

/** `      AAAA    0.3 ms  NXDOMAIN        kubernetes: namespace shop has no service wbe`, and a line for each further record. */
function printQuery(query: ExplainedQuery, recorder: Recorder, withServer: boolean): string[] {
  const { name, type, server, protocol, elapsedMs, outcome, reply } = query;
  const [what = '', ...more] = outcome === 'answer' ? recordsOf(recorder, name, type) : [OUTCOMES[outcome]];
  const how = [withServer && `by ${server}`, protocol === 'tcp' && 'over TCP'].filter(Boolean).join(' ');
  const why = reply && recorder.recorded(name, type)?.explanation;
  const details = [how, why, ...(reply?.extendedErrors ?? [])].filter(Boolean).join('; ');
  const start = `      ${type.padEnd(5)} ${printTime(elapsedMs)}  `;
  const rest = more.map((record) => ' '.repeat(start.length) + record);
  return [start + (details ? `${what.padEnd(WHAT_WIDTH)}  ${details}` : what), ...rest];
}

/**
 * The data of the answer to a candidate, without duplicates, in zone-file text. A record of another type than the question's begins with its type.
 */
export function recordsFound(explanation: Explanation, recorder: Recorder, name: string): readonly string[] {
  const { queries, addresses } = explanation;
  if (queries.length === 0) return addresses;
  const types = queries.filter((query) => query.name === name).map(({ type }) => type);
  return [...new Set(types.flatMap((type) => recordsOf(recorder, name, type)))];
}

function recordsOf(recorder: Recorder, name: string, type: string): string[] {
  const answer = recorder.recorded(name, type)?.message?.answer ?? [];
  return answer.map((record) => printRecord(record, type));
}

/** The data of a record in the answer to a question for a type. */
export function printRecord(record: ResourceRecord, type: string): string {
  return (printType(record.type) === type ? '' : `${printType(record.type)} `) + printRdata(record);
}

/** The records of a response's answer, or what it means; undefined for no response. */
export function outcomeOf(response: Message | undefined, type: string): readonly string[] {
  if (!response) return [OUTCOMES.timeout];
  if (response.tc) return [OUTCOMES.truncated];
  if (response.rcode !== Rcode.NOERROR) return [printRcode(response.rcode)];
  const records = response.answer.map((record) => printRecord(record, type));
  return records.length > 0 ? records : [OUTCOMES.nodata];
}

/** ` 0.3 ms`, in a column. */
export function printTime(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`.padStart(8);
}

function printSummary(explanation: Explanation, recorder: Recorder, cheaper: readonly Cheaper[]): string {
  const { queries, result } = explanation;
  const outcomes = result.ok
    ? recordsFound(explanation, recorder, result.name).map((record) => `${result.name}  ${record}`)
    : [`not found: ${result.code}: ${result.why}`];
  const denied = queries.filter(({ outcome }) => outcome === 'nxdomain').length;
  const wasted = denied === 0 ? '' : `, ${denied === queries.length ? 'all' : denied} of them NXDOMAIN`;
  const cost = `${queries.length} ${queries.length === 1 ? 'query' : 'queries'}${wasted}`;
  return [...outcomes, [cost, printAdvice(cheaper)].filter(Boolean).join('; ')].join('\n');
}
