import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { describe, examplesOf, flagsOf, usageOf } from '../src/cli/define.ts';
import { createProgram } from '../src/cli/program.ts';

/** The folder of the pages. */
export const MAN_PAGES = resolve(import.meta.dirname, '../docs/man');

/** The day of the last change: a page has to have one. */
const DATE = '2026-11-30';
const SIGNALS = [
  ['SIGTERM', 'ends the server, after the lameduck time of the plugin health and the queries in flight'],
  ['SIGINT', 'ends the server after the queries in flight; a second one ends it at once, with status 2'],
  ['SIGQUIT', 'ends the server at once'],
  ['SIGUSR1', 'reloads the Corefile'],
] as const;
const ENVIRONMENT = [
  ['CAIRN_PLUGINS', 'packages and folders of plugins to load, separated by commas or blanks'],
  ['NO_COLOR', 'if it is set, output has no colours'],
  ['FORCE_COLOR', 'if it is set, output has colours even if it does not go to a terminal'],
] as const;

/** All pages by file name: one for the command, and one for each of its commands. */
export function manPages(): ReadonlyMap<string, string> {
  const program = createProgram(() => {});
  const commands = program.commands.filter((command) => command.name() !== 'serve');
  const others = commands.map((command) => [`cairn-${command.name()}.1`, pageOf(command)] as const);
  return new Map([['cairn.1', pageOfProgram(program, commands)], ...others]);
}

function pageOfProgram(program: CommandUnknownOpts, commands: readonly CommandUnknownOpts[]): string {
  const list = commands.map((command) => term(`cairn-${command.name()}(1)`, command.summary()));
  return page('cairn', "cluster DNS that takes CoreDNS's place", program, [
    ...section('OPTIONS', ['Each flag may have one dash or two.', ...flags(program)]),
    ...section('COMMANDS', list),
    ...section(
      'SIGNALS',
      SIGNALS.map(([name, effect]) => term(name, effect)),
    ),
    ...section(
      'ENVIRONMENT',
      ENVIRONMENT.map(([name, effect]) => term(name, effect)),
    ),
    ...section('EXIT STATUS', ['0 after a signal, 1 after an error, 2 if the command line is wrong.']),
    ...examples(program),
    ...seeAlso(commands.map((command) => `cairn-${command.name()}`)),
  ]);
}

function pageOf(command: CommandUnknownOpts): string {
  const args = command.registeredArguments.map((argument) => term(argument.name(), argument.description));
  return page(`cairn-${command.name()}`, command.summary(), command, [
    ...section('ARGUMENTS', args),
    ...section('OPTIONS', flags(command)),
    ...examples(command),
    ...seeAlso(['cairn']),
  ]);
}

function page(name: string, summary: string, command: CommandUnknownOpts, rest: readonly string[]): string {
  const usages = usageOf(command)
    .split('\n')
    .map((usage) => text(usage.trim()));
  const lines = [
    '.\\" Written by `npm run docs`.',
    `.TH ${text(name.toUpperCase())} 1 ${DATE} Cairn`,
    ...section('NAME', [`${text(name)} \\- ${text(summary)}`]),
    ...section('SYNOPSIS', [usages.join('\n.br\n')]),
    ...section('DESCRIPTION', [filled(command.description())]),
    ...rest,
  ];
  return `${lines.join('\n')}\n`;
}

function flags(command: CommandUnknownOpts): string[] {
  const options = command.createHelp().visibleOptions(command);
  const groups = Map.groupBy(options, (option) => option.helpGroupHeading ?? 'Options:');
  return [...groups].flatMap(([heading, members]) => [
    `.SS ${text(heading.replace(/:$/, ''))}`,
    ...members.map((option) => term(flagsOf(option, command), describe(option))),
  ]);
}

function examples(command: CommandUnknownOpts): string[] {
  return section(
    'EXAMPLES',
    examplesOf(command).map(({ line, effect }) => term(line, effect)),
  );
}

function seeAlso(names: readonly string[]): string[] {
  return section('SEE ALSO', [names.map((name) => `.BR ${text(name)} (1)`).join(' ,\n')]);
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`.SH ${title}`, ...lines];
}

function term(name: string, meaning: string): string {
  return `.TP\n\\fB${text(name)}\\fR\n${filled(meaning)}`;
}

/** A paragraph in lines of a length that is usual. */
function filled(plain: string): string {
  return text(plain.replace(/(.{1,72})(?: |$)/g, '$1\n').trim());
}

/** Text as roff reads it: a dash is one that a user can copy, and no line is a request. */
function text(plain: string): string {
  return plain.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/gm, '\\&$&');
}

if (import.meta.main) {
  rmSync(MAN_PAGES, { recursive: true, force: true });
  mkdirSync(MAN_PAGES);
  for (const [file, page] of manPages()) writeFileSync(join(MAN_PAGES, file), page);
}
