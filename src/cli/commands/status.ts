import { addExamples, define } from '../define.ts';
import { addAdminFlags } from './admin-flags.ts';

/** `cairn status` */
export function defineStatus() {
  const command = addAdminFlags(
    define('status', '[flags]')
      .summary('show the state of a running server')
      .description(
        'Shows the state of a running server: first what is wrong and what to do, then its server blocks with their plugins, upstreams and watches, and its listeners. The exit status is 0 if the state is ok, 1 if it is another one (waiting, degraded or failing) or the server cannot be asked, 2 if the command line is wrong.',
      ),
  );
  addExamples(command, [
    { line: 'cairn status', effect: 'the server on this machine, with "admin" in its Corefile' },
    { line: 'cairn status --json | jq .state', effect: 'its state, for a program' },
    { line: 'cairn status --admin /run/cairn/admin.sock', effect: 'a server whose interface is a Unix socket' },
    { line: 'kubectl -n kube-system exec deployment/cairn -- cairn status', effect: 'a server in a pod' },
  ]);
  return command;
}

/** What the command line says, as the library has read it. */
export type StatusValues = ReturnType<ReturnType<typeof defineStatus>['opts']>;
