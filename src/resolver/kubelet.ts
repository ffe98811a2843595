import { checkKubelet } from './check-options.ts';
import { parseDirectives, parseOption, type ResolvConf, type ResolvOption } from './resolv-conf.ts';

/** A Pod's fields that decide about its resolv.conf, by the names of the Kubernetes API. */
export interface PodDns {
  readonly dnsPolicy?: 'ClusterFirst' | 'ClusterFirstWithHostNet' | 'Default' | 'None' | undefined;
  readonly dnsConfig?: PodDnsConfig | undefined;
  readonly hostNetwork?: boolean | undefined;
}

export interface PodDnsConfig {
  readonly nameservers?: readonly string[] | undefined;
  readonly searches?: readonly string[] | undefined;
  readonly options?: readonly { readonly name?: string; readonly value?: string | undefined }[] | undefined;
}

/** A Pod manifest, or the fields alone with the namespace. */
export type PodLike =
  | { readonly metadata?: { readonly namespace?: string | undefined }; readonly spec: PodDns }
  | (PodDns & { readonly namespace: string; readonly spec?: undefined });

/** The settings of a kubelet. */
export interface KubeletDns {
  /** The addresses of the cluster's DNS service. Leaving them out is a common mistake. */
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** The text of the node's resolv.conf; empty by default. Undefined for a kubelet that is told to read no file. */
  readonly nodeResolvConf?: string | undefined;
}

/** An event that the kubelet records on the Pod. */
export interface PodDnsEvent {
  readonly reason: 'MissingClusterDNS' | 'DNSConfigForming';
  readonly message: string;
}

/** The contents of a container's resolv.conf, and the events that the kubelet records. */
export interface PodResolvConf extends ResolvConf {
  readonly events: readonly PodDnsEvent[];
}

/** The kubelet's limits. It leaves out what is beyond them. */
const MAX_NAMESERVERS = 3;
const MAX_SEARCH_DOMAINS = 32;
/** Includes the spaces between the domains. */
const MAX_SEARCH_CHARACTERS = 2048;
const MAX_DOMAIN_CHARACTERS = 253;

const DEFAULT_NAMESPACE = 'default';

/** The resolv.conf of a Pod's containers, which the kubelet makes from dnsPolicy, dnsConfig and the node's file. */
export function resolvConfFor(pod: PodLike | string, cluster: KubeletDns): PodResolvConf {
  checkKubelet(pod, cluster);
  const { namespace, dns } = fieldsOf(pod);
  const events: PodDnsEvent[] = [];
  const note = (reason: PodDnsEvent['reason'], message: string) => events.push({ reason, message });
  const base = baseOf(dns, namespace, cluster, note);
  return { ...withinLimits(merge(base, dns.dnsConfig), note), events };
}

type TakeNote = (reason: PodDnsEvent['reason'], message: string) => void;

function fieldsOf(pod: PodLike | string): { readonly namespace: string; readonly dns: PodDns } {
  if (typeof pod === 'string') return { namespace: pod, dns: {} };
  if (pod.spec === undefined) return { namespace: (pod as { namespace: string }).namespace, dns: pod as PodDns };
  return { namespace: pod.metadata?.namespace ?? DEFAULT_NAMESPACE, dns: pod.spec };
}

/** The part that follows from the policy alone. For a Pod in the host's network, ClusterFirst means Default. */
function baseOf(
  { dnsPolicy = 'ClusterFirst', hostNetwork = false }: PodDns,
  namespace: string,
  cluster: KubeletDns,
  note: TakeNote,
): ResolvConf {
  if (dnsPolicy === 'None') return { nameservers: [], search: [], options: [] };
  const wantsCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  const node = nodeOf(cluster);
  if (!wantsCluster) return node;
  const { clusterDns, clusterDomain } = cluster;
  if (clusterDns.length === 0) {
    note('MissingClusterDNS', `the kubelet has no clusterDNS: policy ${dnsPolicy} falls back to Default`);
    return node;
  }
  const domains =
    clusterDomain === '' ? [] : [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  const hostSearch = cluster.nodeResolvConf === undefined ? [] : node.search;
  return {
    nameservers: clusterDns,
    search: unique([...domains, ...hostSearch]),
    options: [{ name: 'ndots', value: '5' }],
  };
}

/** The node's file as the kubelet reads it: the last `search` line, all `options` by name; `domain` is ignored. */
function nodeOf({ nodeResolvConf }: KubeletDns): ResolvConf {
  if (nodeResolvConf === undefined) return { nameservers: ['127.0.0.1'], search: ['.'], options: [] };
  const directives = parseDirectives(nodeResolvConf);
  const search = directives.findLast(({ keyword }) => keyword === 'search')?.words ?? [];
  return {
    nameservers: directives.flatMap(({ keyword, words }) => (keyword === 'nameserver' ? words.slice(0, 1) : [])),
    search: search.filter((domain) => domain !== '.').map((domain) => domain.replace(/\.$/, '')),
    options: mergeOptions(
      directives.flatMap(({ keyword, words }) => (keyword === 'options' ? words.map(parseOption) : [])),
    ),
  };
}

/** Adds dnsConfig; its options replace those of the same name. */
function merge(base: ResolvConf, config: PodDnsConfig | undefined): ResolvConf {
  if (!config) return base;
  const options = (config.options ?? []).map(({ name = '', value }) => (value ? { name, value } : { name }));
  return {
    nameservers: unique([...base.nameservers, ...(config.nameservers ?? [])]),
    search: unique([...base.search, ...(config.searches ?? [])]),
    options: mergeOptions([...base.options, ...options]),
  };
}

/** The last value of an option counts. The kubelet's order is that of a hash map; here an option keeps its first place. */
function mergeOptions(options: readonly ResolvOption[]): ResolvOption[] {
  return [...new Map(options.map((option) => [option.name, option])).values()];
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)];
}

function withinLimits({ nameservers, search, options }: ResolvConf, note: TakeNote): ResolvConf {
  const servers = nameservers.slice(0, MAX_NAMESERVERS);
  if (servers.length < nameservers.length) {
    note('DNSConfigForming', `nameservers beyond ${MAX_NAMESERVERS} are left out: ${servers.join(' ')} are written`);
  }
  const domains = search.slice(0, MAX_SEARCH_DOMAINS).filter((domain) => domain.length <= MAX_DOMAIN_CHARACTERS);
  while (domains.join(' ').length > MAX_SEARCH_CHARACTERS) domains.pop();
  if (domains.length < search.length) {
    const limits = `${MAX_SEARCH_DOMAINS} domains and ${MAX_SEARCH_CHARACTERS} characters`;
    note(
      'DNSConfigForming',
      `search domains beyond ${limits} are left out: ${search.length - domains.length} of ${search.length}`,
    );
  }
  return { nameservers: servers, search: domains, options };
}
