import { CairnError } from '../base/errors.ts';
import { didYouMean } from '../corefile/suggest.ts';
import { parsePrefix } from '../dns/ip.ts';
import { clusterOptions, type KubernetesOptions } from '../plugins/kubernetes/options.ts';
import { corefileSource } from '../server/configuration/corefile-source.ts';
import { buildCluster, type Cluster, type ClusterOptions } from '../sources/manifests/cluster.ts';
import { loadManifests } from '../sources/manifests/load.ts';
import type { PodManifest } from '../sources/manifests/manifest.ts';
import { type CorefileInput, findCorefile } from './corefile-input.ts';
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
  const { file, text } = await findCorefile(corefile);
  const { blocks } = corefileSource({ file, text, plugins, dnsPort: 53 }).load().configuration;
  const found = blocks.flatMap((block) => block.plugins).find(({ definition }) => definition.name === 'kubernetes');
  if (found) return found.options as KubernetesOptions;
  throw new CairnError('USAGE', `${file} has no \`kubernetes\`: name one that does with --corefile`);
}

async function load(paths: readonly string[], options: ClusterOptions): Promise<Cluster> {
  return buildCluster(await loadManifests(paths), options);
}

/** @throws CairnError for a pod that no manifest describes */
export function findPod({ podManifests }: Cluster, namespace: string, name: string): PodManifest {
  const found = podManifests.find((pod) => pod.namespace === namespace && pod.name === name);
  if (found) return found;
  const elsewhere = podManifests.filter((pod) => pod.name === name).map((pod) => `-n ${pod.namespace}`);
  const known = podManifests.map((pod) => `${pod.namespace}/${pod.name}`);
  const hint =
    elsewhere.length > 0 ? `: there is one with ${elsewhere.join(' and ')}` : didYouMean(`${namespace}/${name}`, known);
  throw new CairnError('USAGE', `no manifest describes the pod ${namespace}/${name}${hint}`);
}
