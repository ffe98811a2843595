import { printPosition } from '../corefile/position.ts';
import { plugins } from '../plugins.ts';
import { corefileSource } from '../server/corefile-source.ts';
import { findCorefile } from './corefile-input.ts';
import type { Flags } from './flags.ts';

/**
 * Reads a Corefile as a start would, prints all that is wrong or doubtful in it, and starts nothing.
 *
 * @throws CorefileErrors with every error.
 */
export function check(flags: Flags): void {
  const { file, text } = findCorefile(flags.positionals[1] ?? flags.conf);
  const { configuration } = corefileSource({ file, text, plugins, dnsPort: flags.dnsPort }).load();
  for (const { position, message } of configuration.warnings) {
    process.stderr.write(`${printPosition(position)} - Warning: ${message}\n`);
  }
  const { length } = configuration.blocks;
  process.stdout.write(`${file} is valid: ${length} server block${length === 1 ? '' : 's'}\n`);
}
