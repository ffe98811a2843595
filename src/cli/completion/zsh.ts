import { type CompletedCommand, type CompletedFlag, DEFAULT, RUNS, type Value } from './words.ts';

/** A script for zsh. */
export function printZsh(commands: readonly CompletedCommand[]): string {
  const descriptions = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  const branches = commands.map((command) => `    ${command.name}) _arguments -S : ${specsOf(command)} ;;`);
  const server = commands.find(({ name }) => name === DEFAULT)!;
  return `#compdef cairn
# Completion of cairn for zsh: source <(cairn completion zsh) after compinit, or a file _cairn in a folder of $fpath.
_cairn() {
  local -a commands=(
${descriptions.join('\n')}
  )
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  if [[ $words[2] == -* ]]; then
    _arguments : ${specsOf(server)}
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${branches.join('\n')}
  esac
}
if [[ $funcstack[1] == _cairn ]]; then _cairn "$@"; else compdef _cairn cairn; fi
`;
}

function specsOf({ name, flags, args }: CompletedCommand): string {
  // An argument that nothing completes has an action that does nothing: else zsh shows its name in place of the flags.
  const own = args.map((value) => `':${value.name}:${actionOf(value) || '{:}'}'`);
  const behind = name === RUNS ? ["'*::program:_normal'"] : own;
  return [...flags.flatMap(specsOfFlag), ...behind].join(' ');
}

/** A flag may be given again: some may, and the others say so themselves. */
function specsOfFlag({ names, description, value }: CompletedFlag): string[] {
  const text = description.replace(/[[\]\\:]/g, '\\$&');
  const action = value ? `:${value.name.replaceAll(':', '\\:')}:${actionOf(value)}` : '';
  return names.map((name) => quote(`*${name}[${text}]${action}`));
}

function actionOf({ words, isPath }: Value): string {
  if (isPath) return '_files';
  return words.length > 0 ? `(${words.join(' ')})` : '';
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
