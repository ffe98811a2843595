import { addExamples, collect, define } from '../define.ts';
import { readPort } from './serve.ts';

/** `cairn check` */
export function defineCheck() {
  const command = define('check', '[FILE] [flags]')
    .summary('report every error and warning of a Corefile')
    .description(
      'Reads a Corefile as a start would, and reports all its errors and warnings. It starts nothing. The exit status is 0 if a server would start, else 1.',
    )
    .argument('[FILE]', 'the Corefile; "-" reads standard input (default: ./Corefile)')
    .option('--conf <FILE>', 'the same, as in the flags of the server')
    .option('-p, --dns.port <N>', 'the port of server block keys without one (default: 53)', readPort)
    .option('--plugin <NAME>', 'a package or folder of a plugin that the Corefile uses; repeatable', collect);
  addExamples(command, [
    { line: 'cairn check Corefile', effect: 'checks a file' },
    {
      line: "kubectl -n kube-system get configmap coredns -o jsonpath='{.data.Corefile}' | cairn check -",
      effect: "checks a cluster's Corefile",
    },
  ]);
  return command;
}

/** What the command line says, as the library has read it. */
export type CheckValues = ReturnType<ReturnType<typeof defineCheck>['opts']>;
