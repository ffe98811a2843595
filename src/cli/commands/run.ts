import { Option } from '@commander-js/extra-typings';
import { IMAGE_NAMES } from '../../resolver/program.ts';
import { addExamples, choice, collect, define } from '../define.ts';

/** `cairn run` */
export function defineRun() {
  const command = define('run', '[flags] -- PROGRAM [ARGUMENT]...')
    .summary('run a program with the DNS of a pod (Linux)')
    .description(
      "Runs a program with the DNS of a pod (Linux only, no root needed). The program has a network of its own, in which the cluster's DNS address answers; /etc/resolv.conf and /etc/hosts are those of the pod. A connection is refused unless --serve names what is behind the address. At the end, standard error shows what was asked and what it cost. The exit status is the program's: 127 if there is no such program, 126 if it cannot be executed, 1 or 2 if the network for it cannot be made.",
    )
    .argument('[PROGRAM...]', 'the program and its arguments, after "--"')
    // The words after "--" are the program's, whatever they look like; the separator is given twice (see arguments.ts).
    .passThroughOptions()
    .optionsGroup('Pod:')
    .option('-n, --namespace <NAMESPACE>', "the pod's namespace (default: default)")
    .option(
      '--pod <[NAMESPACE/]NAME>',
      'a pod of the manifests, with its addresses, dnsPolicy, dnsConfig and hostAliases',
    )
    .optionsGroup('Server:')
    .addOption(
      new Option('--corefile <FILE>', 'a server for this Corefile (default: ./Corefile)').conflicts('manifests'),
    )
    .option(
      '--manifests <PATH>',
      'instead, a cluster of this file, folder or pattern of manifests; repeatable. No name outside of it exists, except with --net host',
      collect,
    )
    .option('--plugin <PACKAGE>', 'a package or folder of a plugin that the Corefile uses; repeatable', collect)
    .optionsGroup('Network:')
    .option(
      '--serve <NAMESPACE/NAME[:PORT]=[ADDRESS:]PORT>',
      'pass connections to a Service or a Pod on to a program outside of this network, by default at 127.0.0.1. PORT is a number or a name; without it, all TCP ports. Repeatable',
      collect,
    )
    .addOption(
      choice(
        '--net <NETWORK>',
        "host keeps the machine's network; only DNS is the pod's. This opens port 53 of a loopback address, which needs root",
        ['host'],
      ),
    )
    .optionsGroup('Output:')
    .addOption(
      choice('--image <NAME>', 'count the queries as the C library of this image would send them', IMAGE_NAMES).default(
        undefined,
        "this machine's",
      ),
    );
  addExamples(command, [
    { line: 'cairn run -n shop --manifests k8s -- getent hosts web', effect: 'what a pod of shop finds' },
    {
      line: 'cairn run -n shop --manifests k8s --serve shop/web=8080 -- curl http://web/',
      effect: 'connections to the Service web go to port 8080 of this machine',
    },
  ]);
  return command;
}

/** What the command line says, as the library has read it. */
export type RunValues = ReturnType<ReturnType<typeof defineRun>['opts']>;
