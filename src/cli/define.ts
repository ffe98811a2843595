/*
 * What the definitions of commands share: settings of the library, flags with choices, examples. Help, completion and the man pages are
 * made from the definitions.
 */

import { styleText } from 'node:util';
import { Command, type CommanderError, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { expectingOneOf } from '../base/suggest.ts';
import { UsageError } from './usage.ts';

/** A command line and what it does. */
export interface Example {
  readonly line: string;
  readonly effect: string;
}

/** The longest lines of help. */
const WIDTH = 100;
const EXAMPLES = new WeakMap<CommandUnknownOpts, readonly Example[]>();

/** A command with the settings that all have. The form is what follows its name, such as `NAME [TYPE] [flags]`. */
export function define(name: string, form: string) {
  const command = new Command(name);
  return command
    .usage(form)
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : usageErrorOf(error, command as CommandUnknownOpts);
    })
    .configureOutput({ outputError: () => {}, getOutHelpWidth: () => Math.min(process.stdout.columns ?? WIDTH, WIDTH) })
    .configureHelp({
      styleTitle: (title) => styleText('bold', title, { validateStream: false }),
      commandUsage: usageOf,
      argumentTerm: (argument) => argument.name(),
      subcommandTerm: (sub) => termOf(sub as CommandUnknownOpts),
      optionTerm: (option) => flagsOf(option, command as CommandUnknownOpts),
      optionDescription: describe,
    })
    .addHelpOption(new Option('-h, --help', 'print this help').helpGroup('Help:'));
}

/** Prints examples at the end of the command's help. */
export function addExamples(command: CommandUnknownOpts, examples: readonly Example[]): void {
  EXAMPLES.set(command, examples);
  const title = styleText('bold', 'Examples:', { validateStream: false });
  const lines = examples.map(({ line, effect }) => `  ${line}\n      ${effect}`);
  command.addHelpText('after', `\n${title}\n${lines.join('\n')}`);
}

export function examplesOf(command: CommandUnknownOpts): readonly Example[] {
  return EXAMPLES.get(command) ?? [];
}

/** A flag whose value is one of a few words. `name` is what errors call it. */
export function choice<const F extends string, const T extends string>(
  flags: F,
  description: string,
  words: readonly T[],
  name = /--\S+/.exec(flags)![0],
) {
  return new Option(flags, description).choices(words).argParser((text): T => {
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    throw new UsageError(`${name} cannot be "${text}"`, expectingOneOf(text, words));
  });
}

/** For a flag that may be given several times. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

/** `cairn lookup NAME [TYPE] [flags]` */
export function usageOf(command: CommandUnknownOpts): string {
  return [command.parent?.name(), command.name(), command.usage()].filter(Boolean).join(' ');
}

/** As the list of commands shows it, in one line: `lookup NAME [TYPE]`; `cache get|flush` if each of several forms begins with a word. */
function termOf(command: CommandUnknownOpts): string {
  const prefix = `cairn ${command.name()} `;
  const forms = command
    .usage()
    .split('\n')
    .map((line) => line.trim().replace(prefix, ''));
  const form = forms.length > 1 ? [...new Set(forms.map((one) => one.split(' ')[0]))].join('|') : forms[0]!;
  return `${command.name()} ${form.replace(/ ?\[flags\]/, '').trim()}`.trim();
}

/** As help shows the flags. Those of the server have one dash, as CoreDNS's. */
export function flagsOf(option: { readonly flags: string }, command: CommandUnknownOpts): string {
  const flags = option.flags.replace(/[<>]/g, '');
  return hasGoFlags(command) ? flags.replace(/--(?=\w\w)/, '-') : flags;
}

/** Whether the flags of a command are written with one dash. */
export function hasGoFlags(command: CommandUnknownOpts): boolean {
  return command.name() === 'serve' || command.name() === 'cairn';
}

/** A description, with the words to choose from and the default. */
export function describe({ description, argChoices = [], defaultValueDescription }: OptionText): string {
  const details = [
    argChoices.length > 1 && argChoices.join(', '),
    defaultValueDescription !== undefined && `default: ${defaultValueDescription}`,
  ].filter(Boolean);
  return details.length > 0 ? `${description} (${details.join('; ')})` : description;
}

interface OptionText {
  readonly description: string;
  readonly argChoices?: readonly string[] | undefined;
  readonly defaultValueDescription?: string | undefined;
}

/** What the library has found wrong, in our words. */
function usageErrorOf({ code, message }: CommanderError, command: CommandUnknownOpts): UsageError {
  const [problem = '', ...more] = message.replace(/^error: /, '').split('\n');
  const wrong = hasGoFlags(command) ? problem.replaceAll("'--", "'-") : problem;
  const flag = /'(.*)'/
    .exec(wrong)?.[1]
    ?.replace(/^-\w, /, '')
    .replace(/[<>]/g, '');
  switch (code) {
    case 'commander.excessArguments': {
      const extra = command.args[command.registeredArguments.length]!;
      const isCommand = command.parent?.commands.some((other) => other.name() === extra);
      const right = isCommand ? `put the command first: cairn ${extra} [flags]` : undefined;
      return new UsageError(`unexpected argument "${extra}"`, right);
    }
    case 'commander.optionMissingArgument':
      return new UsageError(`${flag?.split(' ')[0]} needs a value`, `write ${flag}`);
    case 'commander.missingArgument':
      return new UsageError(`${flag} is missing`);
    case 'commander.conflictingOption':
      return new UsageError(
        wrong
          .replace(/ <[^>]+>/g, '')
          .replace(/^option '(?:-\w, )?(.*?)' .* option '(?:-\w, )?(.*?)'/, 'give $1 or $2, not both'),
        'leave one of them out',
      );
    default: {
      const meant = /\((Did you mean .*\?)\)/.exec(more.join(' '))?.[1];
      const suggestion = meant && (hasGoFlags(command) ? meant.replaceAll(' --', ' -') : meant);
      return new UsageError(wrong, suggestion?.replace(/^D/, 'd'));
    }
  }
}
