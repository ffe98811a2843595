import { Option } from '@commander-js/extra-typings';
import { parseDurationMs } from '../../corefile/duration.ts';
import { IMAGE_NAMES, RUNTIME_NAMES } from '../../resolver/program.ts';
import { STUB_NAMES } from '../../resolver/stub.ts';
import { addExamples, choice, collect, define } from '../define.ts';
import { UsageError } from '../usage.ts';
import { readClient } from './client.ts';

/** `cairn lookup` */
export function defineLookup() {
  const command = define('lookup', 'NAME [TYPE] [flags]')
    .summary('look a name up as a pod would')
    .description(
      'Looks a name up as a pod would: with its search list, ndots and stub resolver. The exit status is 0 if it finds records, 1 if not, 2 if the command line is wrong.',
    )
    .argument('<NAME>', 'a name, an address (for its PTR records), or an object: NAMESPACE/NAME, svc/NAME or pod/NAME')
    .argument('[TYPE]', 'a record type (default: A and AAAA, as getaddrinfo asks for)')
    .optionsGroup('Client:')
    .option('-n, --namespace <NAMESPACE>', 'an ordinary pod of this namespace')
    .option('--pod <[NAMESPACE/]NAME>', 'a pod of the manifests, with its dnsPolicy and dnsConfig')
    .option(
      '--client <ADDRESS>',
      "its address, which plugins such as k8s_gateway and view look at (default: the pod's, or that of a pod of the namespace)",
      readClient,
    )
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
    .addOption(
      new Option(
        '--corefile <FILE>',
        'a server for this Corefile, within this process (default for pods: ./Corefile)',
      ).conflicts('manifests'),
    )
    .option(
      '--manifests <PATH>',
      'instead, a cluster of this file, folder or pattern of manifests; repeatable',
      collect,
    )
    .addOption(
      new Option('--kubeconfig <FILE>', 'instead, a running cluster, whose API is read once').conflicts([
        'corefile',
        'manifests',
        'server',
      ]),
    )
    .option('--context <NAME>', 'a context of the kubeconfig (default: its current one)')
    .option('--plugin <PACKAGE>', 'a package or folder of a plugin that the Corefile uses; repeatable', collect)
    .addOption(
      new Option(
        '--server <SERVER[:PORT]>',
        "this address or name of a server instead of the client's nameservers; also @SERVER[:PORT]",
      ).conflicts(['corefile', 'manifests']),
    )
    .option('--cluster-domain <DOMAIN>', "the cluster's domain, if no Corefile states it (default: cluster.local)")
    .option('--timeout <DURATION>', 'how long the lookup may take, such as 2s or 500ms', readTimeout)
    .optionsGroup('Output:')
    .option('--trace', 'every candidate and query, each response and its reason, and how to need fewer queries')
    .option('--json', 'the same as JSON');
  addExamples(command, [
    { line: 'cairn lookup web -n shop --trace', effect: 'as a pod of shop, with ./Corefile: what is asked, and why' },
    { line: 'cairn lookup web.shop A --image alpine', effect: 'as musl would ask' },
    { line: 'cairn lookup shop/web --manifests k8s', effect: 'the Service web of the namespace shop' },
    {
      line: 'cairn lookup 10.96.12.34 --kubeconfig ~/.kube/config',
      effect: 'whose address it is in a running cluster',
    },
    { line: 'cairn lookup www.example.org @192.0.2.53:5353', effect: 'what a running server says' },
  ]);
  return command;
}

function readTimeout(text: string): number {
  const ms = parseTimeout(text);
  if (ms > 0) return ms;
  throw new UsageError(`--timeout cannot be "${text}"`, 'it is a number with a unit, such as 2s or 500ms');
}

function parseTimeout(text: string): number {
  try {
    return parseDurationMs(/^[\d.]+$/.test(text) ? `${text}s` : text);
  } catch {
    return 0;
  }
}

/** What the command line says, as the library has read it. */
export type LookupValues = ReturnType<ReturnType<typeof defineLookup>['opts']>;
