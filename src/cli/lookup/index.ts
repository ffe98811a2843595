/*
 * `cairn lookup`: a name as a pod sees it, with every query on the way. Begin here; view.ts finds what is asked, record.ts keeps what was
 * sent, and trace.ts prints it. It never opens a port.
 */

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
import { type Cheaper, findCheaper } from './advice.ts';
import { type LookupFlags, readLookup } from './options.ts';
import { type Recorder, recordExchanges } from './record.ts';
import { printTrace, recordsFound } from './trace.ts';
import { openView, type View } from './view.ts';

const EXIT_FOUND = 0;
const EXIT_NOT_FOUND = 1;

/** `cairn lookup`: a name as a pod sees it, with every query on the way. The result is the exit status. */
export async function lookup(name: string, type: string | undefined, values: LookupValues): Promise<number> {
  const flags = readLookup(name, type, values);
  const view = await openView(flags);
  try {
    const recorder = recordExchanges(view.exchange);
    const options = {
      ...flags.stubs,
      hosts: view.hosts,
      resolvConf: view.resolvConf,
      port: view.port,
      environment: {},
    };
    const ask = { ...(flags.type !== undefined && { type: flags.type }) };
    const explanation = await createResolver({ ...options, transport: recorder.transport }).explain(flags.name, ask);
    const cheaper = await findCheaper(explanation, options, flags.type, recorder);
    print(flags, explanation, view, recorder, cheaper);
    return explanation.result.ok ? EXIT_FOUND : EXIT_NOT_FOUND;
  } finally {
    await view.close();
  }
}

function print(
  flags: LookupFlags,
  explanation: Explanation,
  view: View,
  recorder: Recorder,
  cheaper: readonly Cheaper[],
): void {
  const { result } = explanation;
  if (flags.json) process.stdout.write(`${JSON.stringify(asJson(explanation, view, recorder, cheaper), null, 2)}\n`);
  else if (flags.trace) process.stdout.write(printable(printTrace(explanation, view, recorder, cheaper)));
  else if (result.ok)
    process.stdout.write(
      recordsFound(explanation, recorder, result.name)
        .map((line) => `${line}\n`)
        .join(''),
    );
  else process.stderr.write(printable(`${failureOf(flags, explanation)}\n`));
}

/** What a program would be told, and why. */
function failureOf({ name, type }: LookupFlags, explanation: Explanation): string {
  const { result } = explanation;
  if (result.ok) return '';
  const why = reasonOf(explanation) ?? result.why;
  if (type === undefined) return lookupError(result.code, name, why).message;
  return failureText(result.code, syscallOf(type), name, why);
}

function asJson(explanation: Explanation, view: View, recorder: Recorder, cheaper: readonly Cheaper[]) {
  const { settings, queries, ...rest } = explanation;
  return {
    ...rest,
    who: view.who,
    whom: view.whom,
    settings: { ...settings, flags: [...settings.flags] },
    queries: queries.map((query) => ({
      ...query,
      explanation: recorder.recorded(query.name, query.type)?.explanation,
    })),
    cheaper,
  };
}
