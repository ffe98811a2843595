import { Option } from '@commander-js/extra-typings';
import { addExamples, collect, define } from '../define.ts';

/** `cairn fmt` */
export function defineFormat() {
  const command = define('fmt', '[FILE]... [flags]')
    .summary('format Corefiles')
    .description(
      'Prints Corefiles in the usual form, without a change of their meaning: four blanks for each level, one blank between words. In a manifest of ConfigMaps, only the Corefiles change. A Corefile with an error is not formatted. The exit status is 0, or 1 for an error, or 2 if a file or the command line cannot be read.',
    )
    .argument('[FILE...]', 'Corefiles, or manifests of ConfigMaps; "-" reads standard input (default: ./Corefile)')
    .option('-w, --write', 'write the files instead of printing them')
    .addOption(
      new Option('--check', 'say which files are not formatted; the exit status is 1 if there are any').conflicts(
        'write',
      ),
    )
    .option('--plugin <PACKAGE>', 'a package or folder of a plugin that the Corefile uses; repeatable', collect);
  addExamples(command, [
    { line: 'cairn fmt -w Corefile', effect: 'formats a file in its place' },
    { line: 'cairn fmt --check deploy/*.yaml', effect: 'fails if a Corefile in a manifest is not formatted' },
  ]);
  return command;
}

/** What the command line says, as the library has read it. */
export type FormatValues = ReturnType<ReturnType<typeof defineFormat>['opts']>;
