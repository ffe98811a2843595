import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { closest } from '../base/suggest.ts';
import { hasGoFlags } from './define.ts';
import { UsageError } from './usage.ts';

/**
 * The command line as the library reads it. Flags may be written as those of CoreDNS, with one dash, and switches with a value: `-quiet=true`.
 *
 * @throws UsageError for a command that does not exist
 */
export function readArguments(args: readonly string[], program: CommandUnknownOpts): string[] {
  const command = commandOf(args, program);
  if (args[0] === 'help' && args[1] === 'help') return ['help'];
  const end = args.indexOf('--');
  const own = (end === -1 ? args : args.slice(0, end)).flatMap((arg) => normalizeFlag(arg, command));
  if (end === -1) return own;
  // The library drops the separator, but `cairn run` needs to know that it was there.
  return [...own, '--', ...(command.name() === 'run' ? args.slice(end) : args.slice(end + 1))];
}

/** The command that a command line names; without a name, the server. */
export function commandOf([word = '', topic]: readonly string[], program: CommandUnknownOpts): CommandUnknownOpts {
  const named = (name: string) => program.commands.find((command) => command.name() === name);
  if (word === 'help') {
    return topic === undefined || topic === 'help' ? program : (named(topic) ?? unknownCommand(topic, program));
  }
  if (/^(-|$)/.test(word)) return named('serve')!;
  return named(word) ?? unknownCommand(word, program);
}

function unknownCommand(word: string, program: CommandUnknownOpts): never {
  const names = [...program.commands.map((command) => command.name()), 'help'];
  const meant = closest(word, names);
  const right = meant === undefined ? `the commands are ${names.join(', ')}` : `did you mean ${meant}?`;
  throw new UsageError(`unknown command "${word}"`, right);
}

/** Turns one dash into two. A switch may have a value; with `false` it is left out. */
function normalizeFlag(arg: string, command: CommandUnknownOpts): string[] {
  // As dig has it.
  if (command.name() === 'lookup' && /^@./.test(arg)) return [`--server=${arg.slice(1)}`];
  const [, dashes, name, value] = /^(--?)([a-z][\w.-]+)(?:=(.*))?$/s.exec(arg) ?? [];
  if (dashes === undefined || name === undefined) return [arg];
  const option = command.options.find(({ long }) => long === `--${name}`);
  // `-nshop` is `-n shop`.
  const isShort =
    dashes === '-' && !option && !hasGoFlags(command) && command.options.some(({ short }) => short === `-${name[0]}`);
  if (isShort) return [arg];
  if (!option?.isBoolean() || value === undefined) return [dashes === '-' ? `-${arg}` : arg];
  if (['true', '1', 't', 'T', 'TRUE', 'True'].includes(value)) return [`--${name}`];
  if (['false', '0', 'f', 'F', 'FALSE', 'False'].includes(value)) return [];
  throw new UsageError(`invalid boolean value "${value}" for -${name}`, 'write true or false');
}
