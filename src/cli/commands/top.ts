import { addExamples, define } from '../define.ts';
import { addAdminFlags } from './admin-flags.ts';
import { readNumber } from './numbers.ts';

/** `cairn top` */
export function defineTop() {
  const command = define('top', '[flags]')
    .summary('show who asks a running server most, and for what')
    .description(
      'Shows each second who has asked a running server most since the command began, and for what: clients, namespaces, names, names that do not exist, and the queries that search lists waste. Ctrl-C ends it.',
    )
    .optionsGroup('Amount:')
    .option('--limit <N>', 'show N entries of each list at most (default: 10)', readNumber('--limit'))
    .option('--seconds <N>', 'end after N seconds', readNumber('--seconds'));
  addExamples(command, [
    { line: 'cairn top', effect: 'a screen that changes each second' },
    { line: 'cairn top --seconds 60 --json | tail -1', effect: 'the counts of a minute as JSON' },
  ]);
  return addAdminFlags(command);
}

/** What the command line says, as the library has read it. */
export type TopValues = ReturnType<ReturnType<typeof defineTop>['opts']>;
