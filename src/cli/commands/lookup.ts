import { Option } from '@commander-js/extra-typings';
import { IMAGE_NAMES, RUNTIME_NAMES } from '../../resolver/program.ts';
import { STUB_NAMES } from '../../resolver/stub.ts';
import { addExamples, choice, collect, define } from '../define.ts';

/** `cairn lookup` */
export function defineLookup() {
  const command = define('lookup', 'NAME [TYPE] [flags]')
    .summary('look a name up as a pod would')
    .description(
      'Looks a name up as a pod would: with its search list, ndots and stub resolver. The exit status is 0 if it finds records, 1 if not, 2 if the command line is wrong.',
    )
    .argument('<NAME>', 'the name')
    .argument('[TYPE]', 'a record type (default: A and AAAA, as getaddrinfo asks for)')
    .optionsGroup('Client:')
    .option('-n, --namespace <NAMESPACE>', 'an ordinary pod of this namespace')
    .option('--pod <NAME>', 'a pod of the manifests, with its dnsPolicy and dnsConfig')
    .option('--resolv-conf <FILE>', 'a client with this resolv.conf (default: /etc/resolv.conf)')
    .addOption(choice('--image <NAME>', 'what its image is made of', IMAGE_NAMES).default(undefined, 'debian'))
    .addOption(choice('--runtime <NAME>', 'what it asks with', RUNTIME_NAMES).default(undefined, 'libc'))
    .addOption(
      choice('--libc <NAME>', 'one stub resolver for everything, in place of the two', STUB_NAMES).conflicts([
        'image',
        'runtime',
      ]),
    )
    .optionsGroup('Server:')
    .option('--corefile <FILE>', 'a server for this Corefile, within this process (default for pods: ./Corefile)')
    .option('--plugin <PACKAGE>', 'a package or folder of a plugin that the Corefile uses; repeatable', collect)
    .addOption(
      new Option('--server <ADDRESS[:PORT]>', "this server instead of the client's nameservers").conflicts('corefile'),
    )
    .option('--cluster-domain <DOMAIN>', "the cluster's domain, if no Corefile states it (default: cluster.local)")
    .optionsGroup('Output:')
    .option('--trace', 'every candidate and query, each response and its reason, and how to need fewer queries')
    .option('--json', 'the same as JSON');
  addExamples(command, [
    { line: 'cairn lookup web -n shop --trace', effect: 'as a pod of shop, with ./Corefile: what is asked, and why' },
    { line: 'cairn lookup web.shop A --image alpine', effect: 'as musl would ask' },
  ]);
  return command;
}

/** What the command line says, as the library has read it. */
export type LookupValues = ReturnType<ReturnType<typeof defineLookup>['opts']>;
