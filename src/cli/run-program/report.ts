import { createResolver, type ImageName, stubsOfProgram, type Transport } from '../../resolver/index.ts';
import { findCheaper, printAdvice } from '../lookup/advice.ts';
import { printTime, WHAT_WIDTH } from '../lookup/trace.ts';
import type { View } from '../lookup/view.ts';
import type { Asked, QueryLog } from './query-log.ts';

/** How long the costs may take to find. A server outside may be silent. */
const COSTS_MS = 2000;

/** What a program asked, and what lookups of its names cost with the resolver of an image. */
export async function printReport(log: QueryLog, view: View, image: ImageName | undefined): Promise<string> {
  const { queries, denied, unlisted } = log.counts;
  if (queries === 0) return `cairn run: ${view.who} asked nothing\n`;
  const wasted = denied === 0 ? '' : `, ${denied === queries ? 'all' : denied} of them NXDOMAIN`;
  const asked = [...log.questions.values()];
  const width = Math.max(...asked.map(({ name }) => name.length));
  const lines = [
    `cairn run: ${view.who} sent ${count(queries)}${wasted}`,
    ...asked.flatMap((question) => printQuestion(question, width)),
    ...(unlisted > 0 ? [`  and ${count(unlisted)} for other names`] : []),
    ...(await costs(log, view, image)),
  ];
  return `${lines.join('\n')}\n`;
}

/** `  web.shop.svc.cluster.local.  A         0.3 ms  10.96.0.20      kubernetes: ...`, and a line for each further record. */
function printQuestion({ name, type, count: times, elapsedMs, outcome, explanation }: Asked, width: number): string[] {
  const [what = '', ...more] = outcome;
  const start = `  ${name.padEnd(width)}  ${type.padEnd(5)} ${printTime(elapsedMs)}  `;
  const details = [times > 1 && `asked ${times} times`, explanation].filter(Boolean).join('; ');
  const rest = more.map((record) => ' '.repeat(start.length) + record);
  return [start + (details ? `${what.padEnd(WHAT_WIDTH)}  ${details}` : what), ...rest];
}

/** What one lookup of each name costs. */
async function costs({ questions, recorder }: QueryLog, view: View, image: ImageName | undefined): Promise<string[]> {
  // Responses that the program got are used again. Another image may need more.
  const transport: Transport = (...exchange) =>
    Promise.resolve(recorder.replay(...exchange)).catch(async () => (await view.exchange(...exchange)).octets);
  const { hosts, resolvConf, port } = view;
  const options = { ...stubsOfProgram({ image, runtime: 'libc' }), hosts, resolvConf, port, environment: {} };
  const resolver = createResolver({ ...options, transport });
  const names = new Set([...questions.values()].filter(isAddress).map(({ name }) => typed(name, resolvConf.search)));
  const signal = AbortSignal.timeout(COSTS_MS);
  const lines: string[] = [];
  for (const name of names) {
    const explanation = await resolver.explain(name, { signal }).catch(() => undefined);
    if (!explanation) return [...lines, `  a lookup of ${name} gets no response in time: the list of costs ends here`];
    const { result, queries, stub, settings } = explanation;
    if (queries.length === 0) continue; // the hosts file has it
    const cheaper = await findCheaper(explanation, options, undefined, recorder);
    const found = result.ok ? '' : ` and finds nothing: ${result.code}`;
    const cost = `  a lookup of ${name} takes ${count(queries.length)} (${stub}, ndots ${settings.ndots})${found}`;
    lines.push([cost, printAdvice(cheaper)].filter(Boolean).join('; '));
  }
  return lines;
}

function isAddress({ type }: Asked): boolean {
  return type === 'A' || type === 'AAAA';
}

/** The name that a program looked up: without the domain of the search list that its resolver has appended. */
function typed(name: string, search: readonly string[]): string {
  const absolute = name.replace(/\.$/, '');
  const ends = search.map((domain) => `.${domain}`).filter((end) => absolute.toLowerCase().endsWith(end.toLowerCase()));
  const longest = ends.sort((a, b) => b.length - a.length)[0] ?? '';
  return absolute.slice(0, absolute.length - longest.length);
}

function count(queries: number): string {
  return `${queries} ${queries === 1 ? 'query' : 'queries'}`;
}
