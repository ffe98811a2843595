import { FLAG, optional, TEXT } from '../base/check.ts';
import { CairnError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import { type Prefix, printIP } from '../dns/ip.ts';
import type { Peer } from '../net/transport.ts';
import { clusterDnsAddress, serviceEnvironment } from '../registry/service-environment.ts';
import {
  createResolver,
  printResolvConf,
  type Resolver,
  resolvConfFor,
  stubsOfProgram,
  type Transport,
} from '../resolver/index.ts';
import type { Server } from '../server/server.ts';
import { hostsOfPod } from '../sources/manifests/hosts-file.ts';
import type { PodManifest } from '../sources/manifests/manifest.ts';
import { KUBELET_DEFAULTS, type KubeletFields } from '../sources/manifests/pod.ts';
import type { ObjectStore } from '../sources/memory/object-store.ts';
import { LABEL, LABEL_RULE } from '../sources/objects/metadata.ts';
import { check } from './known-options.ts';
import { OBSERVED } from './observed.ts';
import { checkPodOptions, type PodOptions } from './pod-options.ts';
import type { ServedCluster } from './stand-ins.ts';
import type { Traffic } from './traffic.ts';

/**
 * A pod of the cluster, as `NAME` (if only one namespace has it), `NAMESPACE/NAME` or an object; without a name, an ordinary pod of a namespace.
 */
export type PodChoice = string | { readonly namespace: string; readonly name?: string };

/**
 * Names as a program in a pod sees them: `lookup` is `dns.lookup` and `dns.promises.lookup`, the rest is `dns.promises.Resolver`. `explain` reports every
 * query of a lookup.
 */
export interface PodResolver extends Resolver {
  readonly namespace: string;
  /** The text of the /etc/resolv.conf that the kubelet makes for the pod. */
  readonly resolvConf: string;
  /** The text of the /etc/hosts that the kubelet makes for the pod. */
  readonly hosts: string;
}

interface Surroundings {
  readonly objects: ObjectStore;
  readonly cluster: ServedCluster;
  /** The server at the cluster's DNS address. */
  readonly inside: Server;
  /** The server at all other addresses. */
  readonly outside: Server;
  readonly nodeResolvConf: string;
  /** The network of the pods that have no address of their own. */
  readonly podNetwork: Prefix;
  readonly traffic: Traffic;
}

/** What a pod's resolver does not show. */
interface PodNetwork {
  /** The way of its messages to the DNS servers. */
  readonly transport: Transport;
  /** Its addresses; none of an ordinary pod. */
  readonly addresses: readonly string[];
}

const networks = new WeakMap<PodResolver, PodNetwork>();

export function networkOf(pod: PodResolver): PodNetwork {
  return networks.get(pod)!;
}

/** The address of an ordinary pod, which plugins may look at: the first one of the network of pods. */
function clientIn({ ip }: Prefix): Peer {
  const first = ip.map((octet, i) => (i === ip.length - 1 ? octet | 1 : octet));
  return { address: printIP(first), port: 0 };
}

/** The fields of a pod that a kubelet needs. */
interface Found {
  readonly namespace: string;
  readonly name?: string;
  readonly kubelet: KubeletFields;
  /** Undefined for an ordinary pod. */
  readonly pod?: PodManifest;
}

/** The methods of a cluster that show it as its pods see it. */
export function podViews({ objects, cluster, inside, outside, nodeResolvConf, podNetwork, traffic }: Surroundings) {
  const ordinary = clientIn(podNetwork);
  const clusterDns = () => clusterDnsAddress(cluster.registry.services());
  return {
    pod(choice: PodChoice & Partial<PodOptions>, options: PodOptions = {}): PodResolver {
      const { image, runtime, environment = {} } = optionsOf(choice, options);
      const { namespace, name, kubelet, pod } = findPod(cluster.pods(), choice);
      const label = name === undefined ? namespace : `${namespace}/${name}`;
      const addresses = pod?.record?.ips ?? [];
      const dns = clusterDns();
      const clusterDomain = cluster.zone.replace(/\.$/, '');
      const conf = resolvConfFor({ namespace, ...kubelet }, { clusterDns: [dns], clusterDomain, nodeResolvConf });
      const hosts = hostsOfPod(pod, clusterDomain);
      const transport: Transport = (message, { address }, protocol, signal, localAddress = addresses[0]) => {
        const client = localAddress === undefined ? ordinary : { address: localAddress, port: 0 };
        const server = address === dns ? inside : outside;
        return traffic.carry({ message, server, protocol, client, pod: label, signal });
      };
      const families = familiesOf(addresses.length > 0 ? addresses : [dns]);
      const stubs = stubsOfProgram({ image, runtime });
      const settings = { ...stubs, resolvConf: conf, hosts, families, environment };
      const resolver = createResolver({
        ...settings,
        transport,
        simulatedTime: true,
        random: () => 0,
        onLookup: (explanation) => traffic.lookups.tell(label, explanation),
      });
      const observed = { [OBSERVED]: traffic.lookups.observed(label) };
      const view = { ...resolver, ...observed, namespace, hosts, resolvConf: printResolvConf(conf) };
      networks.set(view, { transport, addresses });
      return view;
    },
    environment(choice: PodChoice): Record<string, string> {
      const { namespace, kubelet } = findPod(cluster.pods(), choice);
      return serviceEnvironment(cluster.registry.services(), {
        namespace,
        enableServiceLinks: kubelet.enableServiceLinks,
      });
    },
    setReady(choice: PodChoice, ready = true): void {
      check.value('setReady: ready', ready, FLAG);
      const { namespace, name } = findPod(cluster.pods(), choice);
      if (name === undefined)
        throw new CairnError('CLUSTER', `setReady wants a pod's name: ${namespace} is a namespace`);
      objects.setReady(namespace, name, ready);
    },
  };
}

/** The members of a choice that are not options: the names, and what else `podsOf` returns of a pod. */
const NOT_OPTIONS = ['namespace', 'name', 'addresses', 'ready'];

/** The options in the choice, and those after it. */
function optionsOf(choice: PodChoice & Partial<PodOptions>, options: PodOptions): PodOptions {
  if (typeof choice === 'string') return checkPodOptions(options);
  const own = Object.fromEntries(Object.entries(choice ?? {}).filter(([key]) => !NOT_OPTIONS.includes(key)));
  return checkPodOptions({ ...own, ...options });
}

/** The families of a pod's addresses. An ordinary pod has that of the cluster's DNS address. */
function familiesOf(addresses: readonly string[]): (4 | 6)[] {
  return ([4, 6] as const).filter((family) => addresses.some((address) => address.includes(':') === (family === 6)));
}

/** @throws CairnError for a pod that does not exist, or a name that several pods have */
function findPod(pods: readonly PodManifest[], choice: PodChoice): Found {
  if (typeof choice !== 'string' && typeof choice?.namespace !== 'string')
    throw new CairnError(
      'CLUSTER',
      "say which pod: its name, or an object with `namespace`, such as { namespace: 'shop' }",
    );
  if (typeof choice !== 'string') check.value("a pod's name", choice.name, optional(TEXT));
  const [namespace, name] = typeof choice === 'string' ? namesIn(choice) : [choice.namespace, choice.name];
  if (namespace !== undefined && name === undefined) {
    if (!LABEL.test(namespace))
      throw new CairnError('CLUSTER', `a pod: namespace is "${namespace}", it should be ${LABEL_RULE}`);
    return { namespace, kubelet: KUBELET_DEFAULTS };
  }
  const found = pods.filter((pod) => pod.name === name && (namespace === undefined || pod.namespace === namespace));
  const [pod] = found;
  if (pod && found.length === 1) {
    return { namespace: pod.namespace, name: pod.name, kubelet: pod.kubelet, pod };
  }
  if (pod) {
    const names = found.map((one) => `"${one.namespace}/${one.name}"`).join(' or ');
    throw new CairnError('CLUSTER', `there are ${found.length} pods called ${name}: say ${names}`);
  }
  const known = pods.map((one) => (namespace === undefined ? one.name : `${one.namespace}/${one.name}`));
  const wanted = namespace === undefined ? name! : `${namespace}/${name}`;
  const instead = didYouMean(wanted, known) || ": for an ordinary pod that is no object, say { namespace: '...' }";
  throw new CairnError('CLUSTER', `the cluster has no pod ${wanted}${instead}`);
}

function namesIn(text: string): [string | undefined, string] {
  const slash = text.indexOf('/');
  return slash === -1 ? [undefined, text] : [text.slice(0, slash), text.slice(slash + 1)];
}
