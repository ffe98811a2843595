import { CorefileError, CorefileErrors } from '../../corefile/error.ts';
import { printable } from '../../observe/printable.ts';
import type { Configuration } from '../../server/configuration/configuration.ts';
import { differencesOf } from '../../server/configuration/differences.ts';
import { printJson } from '../terminal.ts';
import { UsageError } from '../usage.ts';
import { type CheckSettings, configurationOf } from './examine.ts';
import { readSources } from './sources.ts';

/** What the reading of Corefiles depends on. */
type Settings = Pick<CheckSettings, 'plugins' | 'dnsPort'>;

/** Prints what changes between two Corefiles. @throws CorefileErrors, CorefileError if one of them cannot be read or is not valid */
export async function printDifferences(
  before: string,
  after: string,
  settings: Settings,
  asJson: boolean,
): Promise<void> {
  const [old, next] = [await readOne(before, settings), await readOne(after, settings)];
  const differences = differencesOf(old, next, settings.dnsPort);
  if (asJson) process.stdout.write(printJson({ changes: differences }));
  else if (differences.length === 0) process.stdout.write('nothing changes\n');
  for (const { zones, change } of asJson ? [] : differences) {
    process.stdout.write(`${printable(`${zones.join(', ')}: ${change}`)}\n`);
  }
}

/** The Corefile of an input, which must be the only one in it. */
async function readOne(input: string, settings: Settings): Promise<Configuration> {
  const sources = await readSources([input]);
  for (const source of sources) {
    if (!('errors' in source)) continue;
    const [{ position, detail }] = source.errors as [CorefileError];
    if (source.isUnreadable) throw new UsageError(`${position.file}: ${detail}`, 'write --diff OLD NEW');
    throw new CorefileErrors(source.errors);
  }
  const whole = sources.filter((source) => !('errors' in source) && !source.isMounted);
  const [source, another] = whole.length > 0 ? whole : sources;
  if (!source || 'errors' in source || another) {
    throw new CorefileError(
      { file: input, line: 1, column: 1 },
      'it has more than one Corefile, expecting one to compare',
    );
  }
  return configurationOf(source, settings);
}
