import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SHELLS } from '../../src/cli/commands/completion.ts';
import { completion } from '../../src/cli/completion/index.ts';
import { createProgram } from '../../src/cli/program.ts';
import { folderWith } from '../support/folder.ts';
import { canRun, run } from '../support/tools.ts';

const hasZsh = canRun('zsh', ['--version']);
const hasFish = canRun('fish', ['--version']);

/** A folder with a Corefile and the script. */
function folderFor(shell: (typeof SHELLS)[number]): string {
  const folder = folderWith({ 'Core file': '', other: '' });
  const program = createProgram(() => {});
  writeFileSync(join(folder, 'script'), completion(shell, program));
  return folder;
}

/** What bash offers for the last word. */
async function inBash(words: readonly string[]): Promise<string[]> {
  const script = `source ./script; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _cairn; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await run('bash', ['--norc', '-c', script, 'bash', ...words], { cwd: folderFor('bash') });
  expect(stderr).toBe('');
  return [...new Set(stdout.split('\n').filter(Boolean))];
}

const SERVER = ['serve', 'check', 'fmt', 'health'];
const RUNNING = ['status', 'explain', 'cache', 'tail', 'top'];

test.each([
  ['cairn ', [...SERVER, 'lookup', 'run', 'env', ...RUNNING, 'completion', 'help']],
  ['cairn lo', ['lookup']],
  ['cairn -plug', ['-plugin', '-plugins']],
  ['cairn -conf C', ['Core file']],
  ['cairn -p 53 -pid', ['-pidfile']],
  ['cairn lookup --im', ['--image']],
  ['cairn lookup web --image alpine-', ['alpine-3.17']],
  ['cairn lookup web --image = alpine-', ['alpine-3.17']],
  ['cairn lookup --runtime g', ['go']],
  ['cairn lookup --corefile o', ['other']],
  ['cairn check ', ['Core file', 'other', 'script']],
  ['cairn help ru', ['run']],
  ['cairn completion ', ['bash', 'zsh', 'fish']],
  ['cairn run -n shop -- getconf', ['getconf']],
  ['cairn run -n shop -- cat o', ['other']],
])('bash: %s', async (line, offered) => {
  expect((await inBash(line.split(' '))).filter((word) => !word.startsWith('getconf.')).sort()).toEqual(offered.sort());
});

test.runIf(hasFish).each([
  ['cairn lo', ['lookup']],
  ['cairn -plug', ['-plugin', '-plugins']],
  ['cairn serve -pid', ['-pidfile']],
  ['cairn lookup --im', ['--image']],
  ['cairn lookup web --image alpine-', ['alpine-3.17']],
  ['cairn lookup --corefile o', ['other']],
  ['cairn check o', ['other']],
  ['cairn lookup o', []],
  ['cairn help ru', ['run']],
  ['cairn completion z', ['zsh']],
  ['cairn run -n shop -- getconf', ['getconf']],
])('fish: %s', async (line, offered) => {
  const script = 'source ./script; complete -C "$argv[1]"';
  const { stdout, stderr } = await run('fish', ['--no-config', '-c', script, line], { cwd: folderFor('fish') });
  expect(stderr).toBe('');
  const words = stdout.split('\n').flatMap((text) => text.split('\t')[0] || []);
  expect(words.filter((word) => !word.startsWith('getconf.')).sort()).toEqual(offered.sort());
});

/** Types a line and a tab at the prompt of zsh, which has a terminal; gives the line as zsh completes it. */
const ZSH = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=""; unsetopt beep list_beep; autoload -Uz compinit; compinit -u -D; source ./script'
zpty -w shell 'tell() { print -r -- "$BUFFER" >told; exit }; zle -N tell; bindkey "^X" tell; print re""ady'
zpty -r shell text '*ready*'
zpty -n -w shell "$1"$'\\t\\x18'
zpty -r shell text '*never*'
`;

test.runIf(hasZsh).each([
  ['cairn loo', 'cairn lookup '],
  ['cairn -pid', 'cairn -pidfile '],
  ['cairn -p 53 -work', 'cairn -p 53 -workers '],
  ['cairn lookup --im', 'cairn lookup --image '],
  ['cairn lookup web --image alpine-', 'cairn lookup web --image alpine-3.17 '],
  ['cairn lookup --corefile o', 'cairn lookup --corefile other '],
  ['cairn check o', 'cairn check other '],
  ['cairn help ru', 'cairn help run '],
  ['cairn completion z', 'cairn completion zsh '],
  ['cairn run -n shop -- cat o', 'cairn run -n shop -- cat other '],
])('zsh: %s', async (line, completed) => {
  const folder = folderFor('zsh');
  await run('zsh', ['-f', '-c', ZSH, 'zsh', line], { cwd: folder });
  expect((await run('cat', ['told'], { cwd: folder })).stdout).toBe(`${completed}\n`);
});
