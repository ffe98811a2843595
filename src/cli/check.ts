import { CorefileErrors, printWarning } from '../corefile/error.ts';
import type { CorefileWarning } from '../corefile/warnings.ts';
import { printable } from '../observe/printable.ts';
import { corefileSource } from '../server/configuration/corefile-source.ts';
import { rehearse } from '../server/reload/rehearsal.ts';
import { findCorefile } from './corefile-input.ts';
import type { Flags } from './flags.ts';
import { pluginsFor } from './plugins.ts';

/**
 * Reads a Corefile as a start would, and prints all its errors and warnings. It starts nothing.
 *
 * @throws CorefileErrors (as a rejection) with every error.
 */
export async function check(flags: Flags): Promise<void> {
  const plugins = await pluginsFor(flags.plugin);
  const input = await findCorefile(flags.positionals[1] ?? flags.conf);
  try {
    const { configuration } = corefileSource({ ...input, plugins, dnsPort: flags.dnsPort }).load();
    const warnings = await rehearse(configuration);
    printWarnings(warnings);
    const counts = [count(configuration.blocks.length, 'server block')];
    if (warnings.length > 0) counts.push(count(warnings.length, 'warning'));
    process.stdout.write(printable(`${input.file} is valid: ${counts.join(', ')}\n`));
  } catch (thrown) {
    if (thrown instanceof CorefileErrors) printWarnings(thrown.warnings);
    throw thrown;
  }
}

function printWarnings(warnings: readonly CorefileWarning[]): void {
  for (const { position, message } of warnings) {
    process.stderr.write(printable(`${printWarning({ position, message: `Warning: ${message}` })}\n`));
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
