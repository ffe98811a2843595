import { CorefileErrors, printWarning } from '../corefile/error.ts';
import type { CorefileWarning } from '../corefile/warnings.ts';
import { printable } from '../observe/printable.ts';
import { corefileSource } from '../server/configuration/corefile-source.ts';
import { rehearse } from '../server/reload/rehearsal.ts';
import type { CheckValues } from './commands/check.ts';
import { findCorefile } from './corefile-input.ts';
import { pluginsFor } from './plugins.ts';
import { UsageError } from './usage.ts';

const DNS_PORT = 53;

/**
 * Reads a Corefile as a start would, and prints all its errors and warnings. It starts nothing. The result is the exit status.
 *
 * @throws CorefileErrors (as a rejection) with every error.
 */
export async function check(file: string | undefined, values: CheckValues): Promise<number> {
  const { conf, plugin, 'dns.port': dnsPort = DNS_PORT } = values;
  if (file !== undefined && conf !== undefined)
    throw new UsageError('give FILE or --conf, not both', 'leave one of them out');
  const plugins = await pluginsFor(plugin);
  const input = await findCorefile(file ?? conf);
  try {
    const { configuration } = corefileSource({ ...input, plugins, dnsPort }).load();
    const warnings = await rehearse(configuration);
    printWarnings(warnings);
    const counts = [count(configuration.blocks.length, 'server block')];
    if (warnings.length > 0) counts.push(count(warnings.length, 'warning'));
    process.stdout.write(printable(`${input.file} is valid: ${counts.join(', ')}\n`));
    return 0;
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
