import { Option } from '@commander-js/extra-typings';
import { addExamples, collect, define } from '../define.ts';

/** `cairn env` */
export function defineEnv() {
  const command = define('env', '[flags]')
    .summary('print the environment variables for services that a pod is given')
    .description(
      'Prints the environment variables for services that a kubelet gives a pod that starts now: for each service of the namespace with a cluster IP, and for default/kubernetes. Services without a cluster IP get one from service_cidr, or from 10.96.0.0/12, as in the server.',
    )
    .optionsGroup('Pod:')
    .option('-n, --namespace <NAMESPACE>', "the pod's namespace (default: default)")
    .option(
      '--pod <[NAMESPACE/]NAME>',
      'a pod of the manifests; if its enableServiceLinks is false, only default/kubernetes',
    )
    .optionsGroup('Cluster:')
    .option('--manifests <PATH>', 'a file, folder or pattern of manifests; repeatable', collect)
    .addOption(
      new Option('--corefile <FILE>', 'a Corefile that names the manifests (default: ./Corefile)').conflicts(
        'manifests',
      ),
    )
    .option('--plugin <PACKAGE>', 'a package or folder of a plugin that the Corefile uses; repeatable', collect)
    .optionsGroup('Output:')
    .option('--json', 'print one JSON object');
  addExamples(command, [
    { line: 'cairn env -n shop --manifests k8s', effect: 'prints lines such as WEB_SERVICE_HOST=10.96.12.34' },
  ]);
  return command;
}

/** What the command line says, as the library has read it. */
export type EnvValues = ReturnType<ReturnType<typeof defineEnv>['opts']>;
