import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { flagsOf } from '../define.ts';

/** What a flag or an argument may be: one of some words, a path, or anything else. */
export interface Value {
  /** Such as `FILE`. */
  readonly name: string;
  readonly words: readonly string[];
  readonly isPath: boolean;
}

/** A flag to complete. */
export interface CompletedFlag {
  /** All ways to write it, the short one first: `-n`, `--namespace`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined for a switch. */
  readonly value: Value | undefined;
}

/** A command to complete. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  readonly args: readonly Value[];
}

/** The command of a command line that names none. */
export const DEFAULT = 'serve';
/** The command whose words after `--` are another program's. */
export const RUNS = 'run';

/** What can be completed after `cairn`. */
export function completionsOf(program: CommandUnknownOpts): readonly CompletedCommand[] {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    flags: command
      .createHelp()
      .visibleOptions(command)
      .map((option) => completedFlag(option, command)),
    args: command.registeredArguments.map((argument) => completedValue(argument.name(), argument.argChoices)),
  }));
  const topics = completedValue(
    'COMMAND',
    commands.map(({ name }) => name),
  );
  return [...commands, { name: 'help', summary: 'print help for a command', flags: [], args: [topics] }];
}

function completedFlag(option: Option, command: CommandUnknownOpts): CompletedFlag {
  const flags = flagsOf(option, command);
  const value = /<(.*)>/.exec(option.flags)?.[1];
  return {
    names: flags.replace(/ [^-].*/, '').split(', '),
    description: option.description,
    value: value === undefined ? undefined : completedValue(value, option.argChoices),
  };
}

function completedValue(name: string, words: readonly string[] = []): Value {
  return { name, words, isPath: /^(FILE|OLD|PATH|PACKAGE)$/.test(name) };
}
