import { attempt, CorefileError, CorefileErrors } from '../../corefile/error.ts';
import { printable } from '../../observe/printable.ts';
import type { Configuration } from '../../server/configuration/configuration.ts';
import { type Difference, differencesOf } from '../../server/configuration/differences.ts';
import { printJson } from '../terminal.ts';
import { UsageError } from '../usage.ts';
import { type CheckSettings, configurationOf } from './examine.ts';
import { errorAsJson } from './report.ts';
import { readSources } from './sources.ts';

/** What the reading of Corefiles depends on. */
type Settings = Pick<CheckSettings, 'plugins' | 'dnsPort'>;

/**
 * Prints what changes between two Corefiles; as JSON, also what is wrong with one of them. The result is whether both are valid.
 *
 * @throws UsageError if one of them cannot be read; CorefileErrors, CorefileError if one is not valid and this is not printed
 */
export async function printDifferences(
  before: string,
  after: string,
  settings: Settings,
  asJson: boolean,
): Promise<boolean> {
  const errors: CorefileError[] = [];
  const compared = async () => {
    const [old, next] = [await readOne(before, settings), await readOne(after, settings)];
    return differencesOf(old, next, settings.dnsPort);
  };
  const changes = await compared().catch((thrown) => {
    if (!asJson) throw thrown;
    attempt(errors, () => {
      throw thrown;
    });
    return null;
  });
  process.stdout.write(
    asJson ? printJson(changes ? { changes } : { changes, errors: errors.map(errorAsJson) }) : textOf(changes ?? []),
  );
  return errors.length === 0;
}

function textOf(changes: readonly Difference[]): string {
  if (changes.length === 0) return 'nothing changes\n';
  return changes.map(({ zones, change }) => `${printable(`${zones.join(', ')}: ${change}`)}\n`).join('');
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
