import { type CompletedCommand, DEFAULT, RUNS, type Value } from './words.ts';

/** A script for bash. */
export function printBash(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name);
  const values = commands.flatMap(({ name, flags }) =>
    flags.flatMap(({ names, value }) =>
      value
        ? [
            branch(
              names.map((flag) => `${name} ${flag}`),
              value,
            ),
          ]
        : [],
    ),
  );
  const flags = commands.map((command) => `    ${command.name}) flags='${namesOf(command)}' ;;`);
  const args = commands.flatMap(({ name, args: [first] }) => (first && name !== RUNS ? [branch([name], first)] : []));
  return `# Completion of cairn for bash: source <(cairn completion bash)
_cairn() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=${DEFAULT} flags= i
  # "=" is a word of its own.
  if [[ $current == = ]]; then current=; elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  if ((COMP_CWORD > 1)); then
    case \${COMP_WORDS[1]} in ${names.join('|')}) command=\${COMP_WORDS[1]} ;; esac
  fi
  for ((i = 2; i < COMP_CWORD; i++)); do
    if [[ $command == ${RUNS} && \${COMP_WORDS[i]} == -- ]]; then
      if ((i + 1 == COMP_CWORD)); then COMPREPLY=($(compgen -c -- "$current")); else _cairn_paths; fi
      return
    fi
  done
  case "$command $previous" in
${values.join('\n')}
  esac
  case $command in
${flags.join('\n')}
  esac
  if [[ $current == -* ]]; then
    _cairn_words "$flags"
  elif ((COMP_CWORD == 1)); then
    _cairn_words '${names.join(' ')}'
  else
    case $command in
${args.join('\n')}
    esac
  fi
}
_cairn_words() { COMPREPLY=($(compgen -W "$1" -- "$current")); }
_cairn_paths() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _cairn cairn
`;
}

/** A branch of `case`: the completion of a value, and then the end. */
function branch(patterns: readonly string[], { words, isPath }: Value): string {
  const reply = isPath ? '_cairn_paths; ' : words.length > 0 ? `_cairn_words '${words.join(' ')}'; ` : '';
  return `    ${patterns.map((pattern) => `'${pattern}'`).join('|')}) ${reply}return ;;`;
}

function namesOf({ flags }: CompletedCommand): string {
  return flags.flatMap(({ names }) => names.filter((name) => name.length > 2)).join(' ');
}
