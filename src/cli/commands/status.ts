import { addExamples, define } from '../define.ts';
import { addAdminFlags } from './admin-flags.ts';

/** `cairn status` */
export function defineStatus() {
  const command = addAdminFlags(
    define('status', '[flags]')
      .summary('say how a running server does')
      .description(
        'Asks a running server how it does: first what is wrong and what to do, then its blocks with their plugins, upstreams and watches, and its listeners. The exit status is 0 if all is well, 1 if something waits, is degraded or fails, if the last reload failed, or if the server cannot be asked, 2 if the command line is wrong.',
      ),
  );
  addExamples(command, [
    { line: 'cairn status', effect: 'the server on this machine that has "admin" in its Corefile' },
    { line: 'cairn status --json | jq .state', effect: 'its state, for a program' },
    { line: 'cairn status --admin /run/cairn/admin.sock', effect: 'a server whose interface is a Unix socket' },
  ]);
  return command;
}

/** What the command line says, as the library has read it. */
export type StatusValues = ReturnType<ReturnType<typeof defineStatus>['opts']>;
