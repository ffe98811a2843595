import { addExamples, define } from '../define.ts';
import { addAdminFlags } from './admin-flags.ts';
import { readNumber } from './numbers.ts';

/** `cairn tail` */
export function defineTail() {
  const command = define('tail', '[flags]')
    .summary('show the queries of a running server as they come')
    .description(
      "Shows the queries of a running server as they come, and what its clients got. A query must pass all filters that are given. A filter is a list with commas, and ! before the list reverses it, as in '!NOERROR'. Ctrl-C ends it. Times are in UTC.",
    )
    .optionsGroup('Filters:')
    .option('--client <ADDRESSES>', 'clients: addresses or networks, such as 10.244.0.0/16')
    .option('--namespace <NAMES>', 'clients that are pods of these namespaces')
    .option(
      '--name <NAME>',
      'one name; .example.org is example.org and all names below it, and *.example.org only those below it',
    )
    .option('--type <TYPES>', 'record types, such as A,AAAA')
    .option('--rcode <RCODES>', 'response codes, such as NXDOMAIN; none stands for no response')
    .option('--plugin <NAMES>', 'the plugins that made the replies; an empty name stands for the server itself')
    .option('--server <NAMES>', 'listeners, such as dns://:53')
    .optionsGroup('Amount:')
    .option('--count <N>', 'end after N queries', readNumber('--count'))
    .option(
      '--rate <N>',
      'show N queries a second at most, and choose fairly among more (default: 200)',
      readNumber('--rate'),
    );
  addExamples(command, [
    { line: "cairn tail --rcode '!NOERROR'", effect: 'the queries that fail' },
    { line: 'cairn tail --namespace shop --name .cluster.local', effect: 'what pods of shop ask of the cluster' },
    { line: 'cairn tail --client 10.244.1.17 --count 20 --json', effect: '20 queries of one client, an object a line' },
    {
      line: 'kubectl -n kube-system exec deployment/cairn -- cairn tail --type AAAA',
      effect: 'the queries for AAAA records that a pod of the server gets',
    },
  ]);
  return addAdminFlags(command);
}

/** What the command line says, as the library has read it. */
export type TailValues = ReturnType<ReturnType<typeof defineTail>['opts']>;
