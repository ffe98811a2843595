/*
 * `cairn check`: says what is wrong with Corefiles, and what changes between two of them. Begin here; sources.ts reads files and ConfigMaps,
 * examine.ts checks what they hold, and report.ts prints it. It starts no server, and asks no other machine.
 */

import type { CheckValues } from '../commands/check.ts';
import { pluginsFor } from '../plugins.ts';
import { USAGE_STATUS, UsageError } from '../usage.ts';
import { printDifferences } from './diff.ts';
import { type CheckSettings, examineAll } from './examine.ts';
import { isValid, report } from './report.ts';
import { readSources, readStdinOnce } from './sources.ts';

const DNS_PORT = 53;
const INVALID_STATUS = 1;

/** Prints all errors and warnings of Corefiles. The result is the exit status. @throws UsageError */
export async function check(files: readonly string[], values: CheckValues): Promise<number> {
  const { conf, strict = false, format = 'text', json = false } = values;
  if (files.length > 0 && conf !== undefined) {
    throw new UsageError('give FILE or --conf, not both', 'leave one of them out');
  }
  const inputs = conf !== undefined ? [conf] : files.length > 0 ? files : ['Corefile'];
  const settings: CheckSettings = {
    plugins: await pluginsFor(values.plugin),
    dnsPort: values['dns.port'] ?? DNS_PORT,
    files: values.files,
    ignore: values.ignore ?? [],
  };
  if (values.diff !== undefined) {
    if (inputs.length > 1) throw new UsageError('--diff compares two Corefiles', 'write --diff OLD NEW');
    readStdinOnce([values.diff, ...inputs]);
    return (await printDifferences(values.diff, inputs[0]!, settings, json)) ? 0 : INVALID_STATUS;
  }
  const examined = await examineAll(await readSources(inputs), settings);
  const findings = examined.toSorted((a, b) => inputs.indexOf(a.input) - inputs.indexOf(b.input));
  report(findings, json ? 'json' : format, strict);
  if (findings.some(({ isUnreadable }) => isUnreadable)) return USAGE_STATUS;
  return findings.every((finding) => isValid(finding, strict)) ? 0 : INVALID_STATUS;
}
