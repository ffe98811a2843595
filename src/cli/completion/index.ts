/*
 * `cairn completion`: scripts for shells. Begin here; words.ts finds in the definitions what can be completed, and each shell has a file.
 * A script knows all words itself: completing starts no process.
 */

import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { SHELLS } from '../commands/completion.ts';
import { printBash } from './bash.ts';
import { printFish } from './fish.ts';
import { completionsOf } from './words.ts';
import { printZsh } from './zsh.ts';

const PRINTERS = { bash: printBash, zsh: printZsh, fish: printFish } as const;

/** The script for a shell. */
export function completion(shell: (typeof SHELLS)[number], program: CommandUnknownOpts): string {
  return PRINTERS[shell](completionsOf(program));
}
