import { printPosition } from '../corefile/position.ts';
import { printable } from '../observe/printable.ts';
import { plugins } from '../plugins.ts';
import { corefileSource } from '../server/corefile-source.ts';
import { findCorefile } from './corefile-input.ts';
import type { Flags } from './flags.ts';

/**
 * Reads a Corefile as a start would, prints all that is wrong or doubtful in it, and starts nothing.
 *
 * @throws CorefileErrors (as a rejection) with every error.
 */
export async function check(flags: Flags): Promise<void> {
  const { file, text } = await findCorefile(flags.positionals[1] ?? flags.conf);
  const { configuration } = corefileSource({ file, text, plugins, dnsPort: flags.dnsPort }).load();
  for (const { position, message } of configuration.warnings) {
    process.stderr.write(printable(`${printPosition(position)} - Warning: ${message}\n`));
  }
  const { length } = configuration.blocks;
  process.stdout.write(printable(`${file} is valid: ${length} server block${length === 1 ? '' : 's'}\n`));
}
