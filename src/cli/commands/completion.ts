import { Argument } from '@commander-js/extra-typings';
import { addExamples, define } from '../define.ts';

/** The shells that have completion. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `cairn completion` */
export function defineCompletion() {
  const command = define('completion', 'SHELL')
    .summary('print the completion for a shell')
    .description('Prints a script that makes a shell complete commands, flags and their values.')
    .addArgument(new Argument('<SHELL>', SHELLS.join(', ')).choices(SHELLS));
  addExamples(command, [
    { line: 'source <(cairn completion bash)', effect: 'in ~/.bashrc, or with zsh in ~/.zshrc after compinit' },
    { line: 'cairn completion zsh >~/.zfunc/_cairn', effect: 'for zsh, once, if ~/.zfunc is in $fpath' },
    { line: 'cairn completion fish >~/.config/fish/completions/cairn.fish', effect: 'for fish, once' },
  ]);
  return command;
}
