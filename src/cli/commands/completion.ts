import { Argument } from '@commander-js/extra-typings';
import { expectingOneOf } from '../../base/suggest.ts';
import { addExamples, define } from '../define.ts';
import { UsageError } from '../usage.ts';

/** The shells that have completion. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `cairn completion` */
export function defineCompletion() {
  const command = define('completion', 'SHELL')
    .summary('print the completion for a shell')
    .description('Prints a script that makes a shell complete commands, flags and their values.')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(SHELLS).argParser(readShell));
  addExamples(command, [
    { line: 'source <(cairn completion bash)', effect: 'in ~/.bashrc, or with zsh in ~/.zshrc after compinit' },
    { line: 'cairn completion zsh >~/.zfunc/_cairn', effect: 'for zsh, once, if ~/.zfunc is in $fpath' },
    { line: 'cairn completion fish >~/.config/fish/completions/cairn.fish', effect: 'for fish, once' },
  ]);
  return command;
}

/** @throws UsageError for another word */
function readShell(text: string): (typeof SHELLS)[number] {
  const shell = SHELLS.find((one) => one === text);
  if (shell !== undefined) return shell;
  throw new UsageError(`there is no completion for "${text}"`, expectingOneOf(text, SHELLS));
}
