import { addExamples, choice, define } from '../define.ts';
import { addAdminFlags } from './admin-flags.ts';
import { readClient } from './client.ts';

/** `cairn explain` */
export function defineExplain() {
  const command = addAdminFlags(
    define('explain', 'NAME [TYPE] [flags]')
      .summary('show what a client of a running server gets for a name, and why')
      .description(
        'Asks a running server for a name as a client would. Shows what the client gets, which plugin answers and why, and which plugins the query passes. A name without a dot at its end is completed with the search list of the client, if the server knows the client as a pod. The query is not in the metrics and logs of the server. The exit status is 0 if there are records, 1 if there are none or the server cannot be asked, 2 if the command line is wrong.',
      )
      .argument('<NAME>', 'a name; with a dot at its end, it is asked for as it is')
      .argument('[TYPE]', 'a record type (default: A)')
      .optionsGroup('Client:')
      .option('--client <ADDRESS>', 'its address, such as that of a pod (default: 127.0.0.1)', readClient)
      .addOption(choice('--protocol <NAME>', 'how it asks', ['udp', 'tcp']).default(undefined, 'udp')),
  );
  addExamples(command, [
    {
      line: 'cairn explain web --client 10.244.1.7',
      effect: 'what the pod with this address finds under the name web',
    },
    { line: 'cairn explain www.example.org. AAAA', effect: 'a name as it is, asked for by this machine' },
    {
      line: 'cairn explain web.shop.svc.cluster.local. --admin localhost:9154 --json',
      effect: 'the same, for a program',
    },
  ]);
  return command;
}

/** What the command line says, as the library has read it. */
export type ExplainValues = ReturnType<ReturnType<typeof defineExplain>['opts']>;
