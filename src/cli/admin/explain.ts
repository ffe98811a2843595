import type { Candidate, Explanation, Step } from '../../admin/protocol/index.ts';
import type { ExplainValues } from '../commands/explain.ts';
import { printJson, printLine } from '../terminal.ts';
import { wrap } from '../wrap.ts';
import { headOf } from './cache.ts';
import { ask } from './client.ts';

type Style = Parameters<typeof printLine>[2];

/** A line of the explanation, and how it looks at a terminal. */
interface Line {
  readonly text: string;
  readonly style?: Style;
}

/** Lines of this width fit everywhere. */
const WIDTH = 80;

/** `cairn explain`. The result is the exit status. */
export async function explain(name: string, type: string | undefined, values: ExplainValues): Promise<number> {
  const { client, protocol } = values;
  const query = new URLSearchParams({
    name,
    ...(type !== undefined && { type }),
    ...(client !== undefined && { client }),
    ...(protocol !== undefined && { protocol }),
  });
  const explanation = await ask<Explanation>(values, '/v1/explain', query);
  if (values.json) process.stdout.write(printJson(explanation));
  else
    for (const { text, style } of printExplanation(explanation, process.stdout.columns ?? WIDTH))
      printLine(text, process.stdout, style);
  return foundIn(explanation) ? 0 : 1;
}

/** What the client finds; undefined if it finds nothing. */
function foundIn({ candidates }: Explanation): Candidate | undefined {
  return candidates.find(({ rcode, answer }) => rcode === 'NOERROR' && answer.length > 0);
}

/** The result and why, then the way there. */
export function printExplanation(explanation: Explanation, width: number): readonly Line[] {
  const { candidates, type } = explanation;
  const found = foundIn(explanation);
  const result = found ? [found] : candidates;
  return [
    ...result.flatMap((candidate) => printResult(candidate, type, width)),
    { text: '' },
    { text: whoAsked(explanation), style: 'dim' },
    ...candidates.flatMap((candidate, i) => printCandidate(candidate, i, width)),
  ];
}

function printResult(candidate: Candidate, type: string, width: number): readonly Line[] {
  const { name, rcode, answer, plugin, reason, truncated } = candidate;
  const isFound = rcode === 'NOERROR' && answer.length > 0;
  const what =
    rcode === null
      ? 'no response'
      : rcode === 'NOERROR' && !isFound
        ? 'the name exists, but has no such records'
        : rcode;
  const records = answer.map((record) => ({ text: `  ${record.replaceAll('\t', ' ')}`, style: 'green' as const }));
  const more = truncated
    ? [{ text: '  truncated: over UDP, the client asks again over TCP', style: 'yellow' as const }]
    : [];
  return [
    { text: `${name} ${type}: ${what}`, style: isFound ? 'bold' : ['bold', 'red'] },
    ...records,
    ...more,
    ...wrapped(`${plugin || 'the server'} answered${reason === undefined ? '' : `: ${reason}`}`, '  ', width),
  ];
}

function whoAsked({ name, type, client, namespace }: Explanation): string {
  return `asked for ${name} ${type} by ${client}${namespace === undefined ? '' : `, a pod of namespace ${namespace}`}`;
}

function printCandidate(candidate: Candidate, i: number, width: number): readonly Line[] {
  const { name, because, server, zone, view, rcode, durationMs, steps, cached, wouldAsk } = candidate;
  const where = [server, zone === undefined ? 'no server block' : `zone ${zone}`, view && `view ${view}`]
    .filter(Boolean)
    .join(', ');
  const columns = [0, 1].map((column) => Math.max(0, ...steps.map((step) => labelsOf(step)[column]!.length)));
  return [
    { text: '' },
    ...wrap(`${name}  ${because}`, width - 3).map(
      (text, at) => ({ text: (at === 0 ? `${i + 1}. ` : '   ') + text, style: 'bold' }) as Line,
    ),
    { text: `   ${where}: ${rcode ?? 'no response'} in ${printTime(durationMs)}` },
    ...steps.flatMap((step, at) => printStep(step, steps[at - 1] ?? { name, depth: 0 }, columns, width)),
    ...cached.flatMap((reply) => wrapped(`the cache held ${headOf(reply)}`, '   ', width)),
    ...(wouldAsk.length > 0 ? wrapped(`upstreams, in order: ${wouldAsk.join(', ')}`, '   ', width) : []),
  ];
}

function printStep(
  step: Step,
  before: Pick<Step, 'name' | 'depth'>,
  columns: readonly number[],
  width: number,
): readonly Line[] {
  const { name, type, depth, did, durationMs, note } = step;
  const indent = ' '.repeat(3 + 2 * depth);
  const isOther = name !== before.name || depth !== before.depth;
  const question = depth > before.depth ? `lookup inside the server: ${name} ${type}` : `for ${name} ${type}`;
  const labels = labelsOf(step).map((label, column) => label.padEnd(columns[column]!));
  const start = `${indent}${labels.join('  ')}  ${printTime(durationMs).padStart(7)}`;
  const style = did === 'answered' ? 'green' : did === 'failed' ? 'red' : did === 'passed' ? 'dim' : 'yellow';
  const [first = '', ...rest] = note === undefined ? [] : wrap(note, width - start.length - 2);
  return [
    ...(isOther ? [{ text: `${indent}${question}`, style: 'dim' as const }] : []),
    { text: `${start}  ${first}`.trimEnd(), style },
    ...rest.map((text) => ({ text: ' '.repeat(start.length + 2) + text, style }) as Line),
  ];
}

function labelsOf({ plugin, did }: Step): readonly [string, string] {
  return [plugin, did];
}

function printTime(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** A text in lines of this width, each after the indent. */
function wrapped(text: string, indent: string, width: number): readonly Line[] {
  return wrap(text, width - indent.length).map((line) => ({ text: indent + line }));
}
