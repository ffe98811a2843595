import { Option } from '@commander-js/extra-typings';
import { closest } from '../../base/suggest.ts';
import { WARNINGS, type WarningName } from '../../corefile/warnings.ts';
import { addExamples, choice, collect, define } from '../define.ts';
import { UsageError } from '../usage.ts';
import { readPort } from './serve.ts';

/** `cairn check` */
export function defineCheck() {
  const command = define('check', '[FILE]... [flags]')
    .summary('report every error and warning of Corefiles')
    .description(
      'Reads Corefiles as a start would, with the files that they name, and reports all errors and warnings. It starts nothing, and asks no other machine. A manifest of ConfigMaps stands for the Corefiles in it. The exit status is 0 if all are valid, 1 if one is not, 2 if a file or the command line cannot be read.',
    )
    .argument('[FILE...]', 'Corefiles, or manifests of ConfigMaps; "-" reads standard input (default: ./Corefile)')
    .optionsGroup('Input:')
    .option('--conf <FILE>', 'the same as FILE, as in the flags of the server')
    .option('-p, --dns.port <N>', 'the port of server block keys without one (default: 53)', readPort)
    .option('--plugin <PACKAGE>', 'a package or folder of a plugin that the Corefile uses; repeatable', collect)
    .option('--no-files', 'check for another machine: leave out the files and interfaces that the Corefile names')
    .addOption(
      new Option(
        '--diff <OLD>',
        'print what changes from the Corefile OLD to FILE, for each zone, instead of a check',
      ).conflicts(['strict', 'format', 'ignore']),
    )
    .optionsGroup('Output:')
    .option('--strict', 'treat warnings as errors')
    .option('--ignore <WARNING>', 'leave out warnings of this name, such as import-nothing; repeatable', readWarnings)
    .addOption(choice('--format <FORMAT>', 'how to print problems', ['text', 'github', 'json']).conflicts('json'))
    .option('--json', 'the same as --format json');
  addExamples(command, [
    { line: 'cairn check Corefile --strict', effect: 'checks a file; warnings count as errors' },
    {
      line: 'kubectl -n kube-system get configmap coredns -o yaml | cairn check -',
      effect: "checks a cluster's Corefile",
    },
    { line: 'cairn check --diff old.yaml new.yaml', effect: 'what changes for whom' },
  ]);
  return command;
}

/** Collects names of warnings. @throws UsageError for one that does not exist */
function readWarnings(text: string, earlier: readonly WarningName[] = []): readonly WarningName[] {
  const names = Object.keys(WARNINGS) as WarningName[];
  const name = names.find((one) => one === text);
  if (name) return [...earlier, name];
  const meant = closest(text, names);
  throw new UsageError(
    `there is no warning "${text}"`,
    meant === undefined ? `the warnings are ${names.join(', ')}` : `did you mean ${meant}?`,
  );
}

/** What the command line says, as the library has read it. */
export type CheckValues = ReturnType<ReturnType<typeof defineCheck>['opts']>;
