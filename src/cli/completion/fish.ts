import { type CompletedCommand, type CompletedFlag, DEFAULT, RUNS, type Value } from './words.ts';

/** A script for fish. */
export function printFish(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const lines = commands.flatMap((command) => {
    const named = `__fish_seen_subcommand_from ${command.name}`;
    const when = command.name === DEFAULT ? `not __fish_seen_subcommand_from ${names}; or ${named}` : named;
    const [first] = command.args;
    return [
      `complete -c cairn -n __fish_use_subcommand -a ${command.name} -d ${quote(command.summary)}`,
      ...command.flags.map((flag) => `complete -c cairn -n ${quote(when)} ${printFlag(flag)}`),
      ...(first && command.name !== RUNS ? [`complete -c cairn -n ${quote(named)} ${printValue(first)}`] : []),
    ];
  });
  const inProgram = `__fish_seen_subcommand_from ${RUNS}; and contains -- -- (commandline -opc)`;
  return `# Completion of cairn for fish: cairn completion fish >~/.config/fish/completions/cairn.fish
complete -c cairn -f
${lines.join('\n')}
complete -c cairn -n '${inProgram}' -F -a '(__fish_complete_command)'
`;
}

function printFlag({ names, description, value }: CompletedFlag): string {
  // Where words have one dash, `-p` is one of them: as a letter, it would be the start of `-pidfile`.
  const hasLong = names.some((name) => name.startsWith('--'));
  const words = names.map((name) => {
    if (name.startsWith('--')) return `-l ${name.slice(2)}`;
    return `${hasLong ? '-s' : '-o'} ${name.slice(1)}`;
  });
  return [...words, ...(value ? ['-r', printValue(value)] : []), `-d ${quote(description)}`].join(' ');
}

function printValue({ words, isPath }: Value): string {
  if (isPath) return '-F';
  return words.length > 0 ? `-f -a ${quote(words.join(' '))}` : '-f';
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
