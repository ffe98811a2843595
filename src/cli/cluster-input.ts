import { CairnError } from '../base/errors.ts';
import { parsePrefix } from '../dns/ip.ts';
import { clusterOptions, type KubernetesOptions } from '../plugins/kubernetes/options.ts';
import { corefileSource } from '../server/configuration/corefile-source.ts';
import { buildCluster, type Cluster, type ClusterOptions } from '../sources/manifests/cluster.ts';
import { loadManifests } from '../sources/manifests/load.ts';
import type { PodManifest } from '../sources/manifests/manifest.ts';
import { type CorefileInput, findCorefile } from './corefile-input.ts';
import { didYouMeanObject } from './meant.ts';
import { pluginsFor } from './plugins.ts';

/** Where a command finds a cluster. */
interface ClusterInput {
  /** Files, folders and patterns; they take precedence over the Corefile. */
  readonly manifests?: readonly string[] | undefined;
  readonly corefile?: string | CorefileInput | undefined;
  /** Packages or folders of plugins that the Corefile uses. */
  readonly plugin?: readonly string[] | undefined;
}

/** Kubernetes' own default, for services that have no cluster IP. */
const DEFAULT_SERVICE_CIDR = parsePrefix('10.96.0.0/12')!;

/**
 * Reads a cluster from manifests, or from those that the first `kubernetes` of a Corefile names.
 *
 * @throws CairnError with all that is wrong in the files
 */
export async function loadCluster({ manifests, corefile, plugin }: ClusterInput): Promise<Cluster> {
  if (manifests) return load(manifests, { serviceCidrs: [DEFAULT_SERVICE_CIDR] });
  const options = await kubernetesOptions(corefile, plugin);
  if (options.manifests.length > 0) return load(options.manifests, clusterOptions(options));
  throw new CairnError('USAGE', '`kubernetes` in the Corefile names no manifests to read');
}

/** The options of the first `kubernetes` of a Corefile. @throws CairnError if it has none */
export async function kubernetesOptions(
  corefile: string | CorefileInput | undefined,
  plugin?: readonly string[],
): Promise<KubernetesOptions> {
  const plugins = await pluginsFor(plugin);
  const { file, text, missingIn } = await findCorefile(corefile);
  if (missingIn)
    throw new CairnError(
      'USAGE',
      `${missingIn} has no Corefile: name manifests with --manifests, or a Corefile with --corefile`,
    );
  const { blocks } = corefileSource({ file, text, plugins, dnsPort: 53 }).load().configuration;
  const found = blocks.flatMap((block) => block.plugins).find(({ definition }) => definition.name === 'kubernetes');
  if (found) return found.options as KubernetesOptions;
  throw new CairnError('USAGE', `${file} has no \`kubernetes\`: name one that does with --corefile`);
}

async function load(paths: readonly string[], options: ClusterOptions): Promise<Cluster> {
  return buildCluster(await loadManifests(paths), options);
}

/** @throws CairnError for a pod that no manifest describes */
export function findPod(cluster: Cluster, namespace: string, name: string): PodManifest {
  const found = cluster.podManifests.find((pod) => pod.namespace === namespace && pod.name === name);
  if (found) return found;
  throw new CairnError(
    'USAGE',
    `no manifest describes the pod ${namespace}/${name}${hintFor(cluster, namespace, name)}`,
  );
}

/** A pod of this name elsewhere, pods of an object of this name, or a pod of a similar name. */
function hintFor({ podManifests, services }: Cluster, namespace: string, name: string): string {
  const elsewhere = podManifests.filter((pod) => pod.name === name).map((pod) => `-n ${pod.namespace}`);
  if (elsewhere.length > 0) return `: there is one with ${elsewhere.join(' and ')}`;
  const inNamespace = podManifests.filter((pod) => pod.namespace === namespace);
  const [made] = inNamespace.filter((pod) => pod.name.startsWith(`${name}-`));
  if (made) return `: did you mean its pod ${made.name}?`;
  const isService = services.some((service) => service.namespace === namespace && service.name === name);
  if (isService) return ', which is a Service';
  return didYouMeanObject(namespace, name, podManifests);
}
