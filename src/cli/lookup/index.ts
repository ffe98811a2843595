/*
 * `cairn lookup`: a name as a pod sees it, with every query on the way. Begin here; view.ts finds what is asked, record.ts keeps what was
 * sent, and trace.ts prints it. It never opens a port.
 */

import { systemClock } from '../../observe/clock.ts';
import { printable } from '../../observe/printable.ts';
import {
  createResolver,
  type Explanation,
  failureText,
  lookupError,
  reasonOf,
  syscallOf,
} from '../../resolver/index.ts';
import type { LookupValues } from '../commands/lookup.ts';
import { paint, printJson } from '../terminal.ts';
import { type Cheaper, findCheaper } from './advice.ts';
import { colourTrace } from './colour.ts';
import { type LookupFlags, readLookup } from './options.ts';
import { followExchanges } from './progress.ts';
import { reachCluster } from './reach.ts';
import { type Recorder, recordExchanges } from './record.ts';
import { nameOfObject } from './subject.ts';
import { printTrace, recordsFound } from './trace.ts';
import { openView, type View } from './view.ts';

const EXIT_FOUND = 0;
const EXIT_NOT_FOUND = 1;
/** As shells have it for a program that SIGINT ended. */
const EXIT_INTERRUPTED = 130;

/** `cairn lookup`: a name as a pod sees it, with every query on the way. The result is the exit status. */
export async function lookup(name: string, type: string | undefined, values: LookupValues): Promise<number> {
  const flags = readLookup(name, type, values);
  if (values.kubeconfig !== undefined) await reachCluster(values.kubeconfig, values.context, flags.timeoutMs);
  const view = await openView(flags);
  try {
    return await lookUp(flags, view);
  } finally {
    await view.close();
  }
}

async function lookUp(flags: LookupFlags, view: View): Promise<number> {
  const { subject, stubs, namespace = 'default' } = flags;
  const name = subject.object ? nameOfObject(subject.object, view, namespace) : subject.name;
  const progress = followExchanges(view, systemClock, complain);
  const recorder = recordExchanges(progress.exchange);
  const options = { ...stubs, hosts: view.hosts, resolvConf: view.resolvConf, port: view.port, environment: {} };
  const ask = { ...(subject.type !== undefined && { type: subject.type }) };
  const resolver = createResolver({ ...options, transport: recorder.transport });
  const limit = limitTo(flags.timeoutMs);
  try {
    const explanation = await resolver.explain(name, { ...ask, signal: limit.signal });
    const cheaper = await findCheaper(explanation, options, subject.type, recorder);
    print(flags, explanation, view, recorder, cheaper);
    return explanation.result.ok ? EXIT_FOUND : EXIT_NOT_FOUND;
  } catch (error) {
    if (!limit.signal.aborted) throw error;
    const { why, status } = limit.signal.reason as Limit;
    complain(`${subject.text}: ${why}; so far:`);
    // A server in this process would wait for its own queries in flight.
    const end = () => process.exit(status);
    if (!flags.json) process.stderr.write(printable(progress.print()), end);
    else process.stdout.write(printJson({ name, result: { ok: false, why }, queries: progress.queries() }), end);
    return status;
  } finally {
    limit.end();
  }
}

/** Why a lookup ended early, and the exit status. */
interface Limit {
  readonly why: string;
  readonly status: number;
}

/** A signal for a lookup that SIGINT ends, or the time. Once it is ended, a second SIGINT ends the process. */
function limitTo(timeoutMs: number | undefined): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const stop = (limit: Limit) => () => controller.abort(limit);
  const interrupt = stop({ why: 'interrupted', status: EXIT_INTERRUPTED });
  process.once('SIGINT', interrupt);
  const expire = stop({ why: `no result within ${timeoutMs} ms`, status: EXIT_NOT_FOUND });
  const timer = timeoutMs === undefined ? undefined : systemClock.after(timeoutMs, expire);
  return {
    signal: controller.signal,
    end() {
      process.off('SIGINT', interrupt);
      timer?.cancel();
    },
  };
}

function complain(line: string): void {
  process.stderr.write(`${paint('red', 'cairn lookup:', process.stderr)} ${printable(line)}\n`);
}

function print(
  flags: LookupFlags,
  explanation: Explanation,
  view: View,
  recorder: Recorder,
  cheaper: readonly Cheaper[],
): void {
  const { result } = explanation;
  if (flags.json) process.stdout.write(printJson(asJson(explanation, view, recorder, cheaper)));
  else if (flags.trace)
    process.stdout.write(
      colourTrace(printable(printTrace(explanation, view, recorder, cheaper)), (style, text) =>
        paint(style, text, process.stdout),
      ),
    );
  else if (result.ok)
    process.stdout.write(
      recordsFound(explanation, recorder, result.name)
        .map((line) => `${printable(line)}\n`)
        .join(''),
    );
  else process.stderr.write(`${paint('red', failureOf(flags, explanation), process.stderr)}\n`);
}

/** What a program would be told, and why. */
function failureOf({ subject: { text, type } }: LookupFlags, explanation: Explanation): string {
  const { result, name } = explanation;
  if (result.ok) return '';
  const why = reasonOf(explanation) ?? result.why;
  const asked = name === text ? text : `${text} (${name})`;
  if (type === undefined) return lookupError(result.code, asked, why).message;
  return failureText(result.code, syscallOf(type), asked, why);
}

function asJson(explanation: Explanation, view: View, recorder: Recorder, cheaper: readonly Cheaper[]) {
  const { settings, queries, ...rest } = explanation;
  return {
    ...rest,
    ...(!rest.result.ok && { reason: reasonOf(explanation) ?? rest.result.why }),
    who: view.who,
    whom: view.whom,
    settings: { ...settings, flags: [...settings.flags] },
    queries: queries.map((query) => {
      const { explanation, steps } = recorder.recorded(query.name, query.type) ?? {};
      return { ...query, explanation, steps };
    }),
    cheaper,
  };
}
