import { CairnError } from '../base/errors.ts';
import { didYouMean } from '../corefile/suggest.ts';
import type { Peer } from '../net/transport.ts';
import { clusterDnsAddress, serviceEnvironment } from '../registry/service-environment.ts';
import {
  createResolver,
  type Environment,
  printResolvConf,
  type Resolver,
  resolvConfFor,
  type StubName,
  type Transport,
} from '../resolver/index.ts';
import { firstMessage } from '../server/answer/stream.ts';
import type { Server } from '../server/server.ts';
import type { PodManifest } from '../sources/manifests/manifest.ts';
import { KUBELET_DEFAULTS, type KubeletFields } from '../sources/manifests/pod.ts';
import type { ObjectStore } from '../sources/memory/object-store.ts';
import type { ServedCluster } from './stand-ins.ts';

/**
 * A pod of the cluster, as `NAME` (if only one namespace has it), `NAMESPACE/NAME` or an object; without a name, an ordinary pod of a namespace.
 */
export type PodChoice = string | { readonly namespace: string; readonly name?: string };

export interface PodOptions {
  /** The stub resolver of the pod's image; glibc by default. */
  readonly libc?: StubName;
  /** The container's variables that change its resolver: LOCALDOMAIN and RES_OPTIONS. */
  readonly environment?: Environment;
}

/** Looks up names as a pod does, with the methods of `node:dns/promises`. `explain` reports every query of a lookup. */
export interface PodResolver extends Resolver {
  readonly namespace: string;
  /** The text of the /etc/resolv.conf that the kubelet makes for the pod. */
  readonly resolvConf: string;
}

interface Surroundings {
  readonly objects: ObjectStore;
  readonly cluster: ServedCluster;
  /** The server at the cluster's DNS address. */
  readonly inside: Server;
  /** The server at all other addresses. */
  readonly outside: Server;
  readonly nodeResolvConf: string;
}

const NOBODY: Peer = { address: '127.0.0.1', port: 0 };

/** The fields of a pod that a kubelet needs. */
interface Found {
  readonly namespace: string;
  readonly name?: string;
  readonly kubelet: KubeletFields;
  readonly client: Peer;
}

/** The methods of a cluster that show it as its pods see it. */
export function podViews({ objects, cluster, inside, outside, nodeResolvConf }: Surroundings) {
  const clusterDns = () => clusterDnsAddress(cluster.registry.services());
  return {
    pod(choice: PodChoice, { libc = 'glibc', environment = {} }: PodOptions = {}): PodResolver {
      const { namespace, kubelet, client } = findPod(cluster.pods(), choice);
      const dns = clusterDns();
      const clusterDomain = cluster.zone.replace(/\.$/, '');
      const conf = resolvConfFor({ namespace, ...kubelet }, { clusterDns: [dns], clusterDomain, nodeResolvConf });
      const transport: Transport = async (message, { address }, protocol) =>
        firstMessage(await (address === dns ? inside : outside).answer(message, { protocol, client }));
      const resolver = createResolver({ stub: libc, resolvConf: conf, environment, transport });
      return { ...resolver, namespace, resolvConf: printResolvConf(conf) };
    },
    environment(choice: PodChoice): Record<string, string> {
      const { namespace, kubelet } = findPod(cluster.pods(), choice);
      return serviceEnvironment(cluster.registry.services(), {
        namespace,
        enableServiceLinks: kubelet.enableServiceLinks,
      });
    },
    setReady(choice: PodChoice, ready = true): void {
      const { namespace, name } = findPod(cluster.pods(), choice);
      if (name === undefined)
        throw new CairnError('CLUSTER', `setReady wants a pod's name: ${namespace} is a namespace`);
      objects.setReady(namespace, name, ready);
    },
  };
}

/** @throws CairnError for a pod that does not exist, or a name that several pods have */
function findPod(pods: readonly PodManifest[], choice: PodChoice): Found {
  const [namespace, name] = typeof choice === 'string' ? namesIn(choice) : [choice.namespace, choice.name];
  if (namespace !== undefined && name === undefined) return { namespace, kubelet: KUBELET_DEFAULTS, client: NOBODY };
  const found = pods.filter((pod) => pod.name === name && (namespace === undefined || pod.namespace === namespace));
  const [pod] = found;
  if (pod && found.length === 1) {
    const address = pod.record?.ips[0];
    const client = address === undefined ? NOBODY : { address, port: 0 };
    return { namespace: pod.namespace, name: pod.name, kubelet: pod.kubelet, client };
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
