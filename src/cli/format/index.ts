/*
 * `cairn fmt`: formats Corefiles, and those in ConfigMaps. Begin here; src/corefile/format.ts makes the text, and manifest.ts puts it into a
 * YAML file. A Corefile with an error is never written.
 */

import { CairnError } from '../../base/errors.ts';
import { attempt, type CorefileError, CorefileErrors, throwAll } from '../../corefile/error.ts';
import { formatCorefile } from '../../corefile/format.ts';
import { parseCorefile } from '../../corefile/parser.ts';
import { printCorefile } from '../../corefile/print.ts';
import type { PluginDefinition } from '../../plugin/plugin.ts';
import { configurationOf } from '../check/examine.ts';
import { printErrors } from '../check/report.ts';
import { type CorefileToCheck, readInput, readStdinOnce, type Source, sourcesOf } from '../check/sources.ts';
import type { FormatValues } from '../commands/fmt.ts';
import { pluginsFor } from '../plugins.ts';
import { printLine } from '../terminal.ts';
import { USAGE_STATUS, UsageError } from '../usage.ts';
import { replaceTexts } from './manifest.ts';
import { replaceFile } from './replace.ts';

const INVALID_STATUS = 1;
const DNS_PORT = 53;

/** Formats files, and prints or writes them, or only says which are not formatted. The result is the exit status. @throws UsageError */
export async function format(files: readonly string[], values: FormatValues): Promise<number> {
  const { write = false, check = false } = values;
  const inputs = files.length > 0 ? files : ['Corefile'];
  if (write && inputs.includes('-')) throw new UsageError('standard input cannot be written', 'leave --write out');
  readStdinOnce(inputs);
  const plugins = await pluginsFor(values.plugin);
  let status = 0;
  for (const input of inputs) {
    const outcome = await formatInput(input, plugins);
    if ('errors' in outcome) {
      printErrors(outcome);
      status = Math.max(status, outcome.isUnreadable ? USAGE_STATUS : INVALID_STATUS);
    } else if (check) {
      if (outcome.after !== outcome.before) printLine(`${outcome.file} is not formatted`, process.stdout);
      if (outcome.after !== outcome.before) status = Math.max(status, INVALID_STATUS);
    } else if (!write) {
      process.stdout.write(outcome.after);
    } else if (outcome.after !== outcome.before) {
      await replaceFile(input, outcome.after);
      printLine(`${outcome.file} is formatted now`, process.stdout);
    }
  }
  return status;
}

interface Formatted {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

interface Failed {
  readonly errors: readonly CorefileError[];
  readonly isUnreadable: boolean;
}

async function formatInput(input: string, plugins: readonly PluginDefinition[]): Promise<Formatted | Failed> {
  const read = await readInput(input);
  const sources = sourcesOf([read]);
  const errors: CorefileError[] = [];
  const replacements = sources.map((source: Source) => {
    if (isRefused(source)) errors.push(...source.errors);
    else return attempt(errors, () => ({ source, text: formatted(source, plugins) }));
    return undefined;
  });
  if (errors.length > 0) return { errors, isUnreadable: read.problem !== undefined };
  const made = replacements.filter((replacement) => replacement !== undefined);
  const inManifest = made.flatMap(({ source: { inManifest }, text }) =>
    inManifest ? [{ key: inManifest, text }] : [],
  );
  const after = inManifest.length > 0 ? replaceTexts(read.text, inManifest) : made[0]!.text;
  return { file: read.file, before: read.text, after };
}

function isRefused(source: Source): source is Exclude<Source, CorefileToCheck> {
  return 'errors' in source;
}

/** @throws CorefileError, CorefileErrors if the Corefile has an error */
function formatted(source: CorefileToCheck, plugins: readonly PluginDefinition[]): string {
  refuseErrors(source, plugins);
  const text = formatCorefile(source.text);
  if (meaning(text) === meaning(source.text)) return text;
  throw new CairnError(
    'COREFILE',
    `${source.file} would have another meaning if it were formatted: please report this`,
  );
}

/**
 * Errors in lines with variables that are not set here do not count: they may be set where the Corefile is used.
 *
 * @throws CorefileError, CorefileErrors
 */
function refuseErrors(source: CorefileToCheck, plugins: readonly PluginDefinition[]): void {
  try {
    configurationOf(source, { plugins, dnsPort: DNS_PORT });
  } catch (thrown) {
    if (!(thrown instanceof CorefileErrors)) throw thrown;
    const unset = thrown.warnings.filter(({ name }) => name === 'unset-variable');
    const isOfUnset = ({ position }: CorefileError) =>
      unset.some((other) => other.position.file === position.file && other.position.line === position.line);
    throwAll(thrown.errors.filter((error) => !isOfUnset(error)));
  }
}

/** The blocks of a Corefile in normal form. What is imported does not count, as it stays as it is. */
function meaning(text: string): string {
  const files = { read: () => ({ text: '' }), list: () => [] };
  const { blocks, errors } = parseCorefile({ file: 'Corefile', text, env: {}, files });
  return printCorefile(blocks) + errors.map(({ detail }) => detail).join('\n');
}
