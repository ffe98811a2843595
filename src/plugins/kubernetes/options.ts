import type { Isolation } from '../../cluster/tenants.ts';
import { POD_MODES, PTR_MODES, type ViewOptions } from '../../cluster/view-options.ts';
import { type ApiOptions, apiOptionReaders, connectionOf, NO_API_OPTIONS } from '../../connect/api-options.ts';
import type { ClusterSettings, Needs } from '../../connect/fill.ts';
import { manifestPaths, selectorOf } from '../../connect/object-options.ts';
import {
  atLeastArgs,
  durationMs,
  exactArgs,
  fallthroughZones,
  integer,
  network,
  noArgs,
  oneOf,
  parseOptions,
  zonesArgument,
} from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { attempt, CorefileError, throwAll } from '../../corefile/error.ts';
import type { Prefix } from '../../dns/ip.ts';
import type { Name } from '../../dns/name.ts';
import { isReverseZone } from '../../dns/reverse.ts';
import { blockZones } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';
import type { Selector } from '../../registry/selector.ts';
import type { ClusterOptions } from '../../sources/manifests/cluster.ts';
import { checkGuard, type Guard, readGuard } from './guard-options.ts';
import { checkIsolation, readIsolation } from './isolate-options.ts';

/** The options of one use of the directive, with all defaults. */
export interface KubernetesOptions extends ApiOptions, ViewOptions {
  readonly zones: readonly Name[];
  /** The first zone that is not a reverse zone; one with the cluster's services, if there is any. */
  readonly primary: Name;
  /** The zones whose services are those of the cluster set. */
  readonly multicluster: readonly Name[];
  /** Files and folders; relative ones start at the folder in which the process was started. Empty if the cluster is read from its API server. */
  readonly manifests: readonly string[];
  /** The networks from which services without a cluster IP get one. */
  readonly serviceCidrs: readonly Prefix[];
  /** The networks from which pods of Deployments and StatefulSets get addresses. */
  readonly podCidrs: readonly Prefix[];
  /** Whether only those namespaces exist that have a manifest. */
  readonly namespacesFromManifests: boolean;
  readonly namespaceLabels: Selector;
  readonly labels: Selector;
  /** Seconds. */
  readonly ttl: number;
  readonly fallthrough: readonly Name[];
  /** Which names never fall through: those of the cluster's own networks and forward zones. Undefined if all may. */
  readonly guard: Guard | undefined;
  /** Which names clients see; undefined if all see all. */
  readonly isolation: Isolation | undefined;
  readonly startupTimeoutMs: number;
  /** The clusters of the other uses in the server block, in their order; empty for all but the first. */
  readonly others: readonly KubernetesOptions[];
}

type Draft = { -readonly [K in keyof KubernetesOptions]: KubernetesOptions[K] };

const DEFAULTS: Omit<KubernetesOptions, 'zones' | 'primary'> = {
  ...NO_API_OPTIONS,
  multicluster: [],
  manifests: [],
  serviceCidrs: [],
  podCidrs: [],
  namespacesFromManifests: false,
  namespaces: [],
  namespaceLabels: [],
  labels: [],
  pods: 'disabled',
  endpointPodNames: false,
  ttl: 5,
  noEndpoints: false,
  fallthrough: [],
  guard: undefined,
  isolation: undefined,
  ignoreEmptyService: false,
  zonal: false,
  startupTimeoutMs: 5000,
  ptr: 'all',
  externalNameIP: false,
  terminating: false,
  others: [],
};

const MAX_TTL = 3600;

/** Options that only manifests use. */
const OF_MANIFESTS: readonly string[] = ['service_cidr', 'pod_cidr', 'namespaces_from_manifests'];

/** Options of CoreDNS that are not supported, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  upstream:
    "unknown property 'upstream' - remove it: targets of ExternalName services are resolved by this server itself",
  transfer: "unknown property 'transfer' - write it beside 'kubernetes': it is a separate plugin",
  resyncperiod: "unknown property 'resyncperiod' - remove it: changes are seen at once",
};

/** Reads the uses of `kubernetes [ZONES…] { … }`, at least one. @throws CorefileError, CorefileErrors */
export function parseKubernetes(uses: readonly Directive[], block: ParseContext): KubernetesOptions {
  const errors: CorefileError[] = [];
  const [first, ...others] = uses.flatMap((use) => attempt(errors, () => parseUse(use, block)) ?? []);
  throwAll(errors);
  return { ...first!, others };
}

function parseUse(directive: Directive, block: ParseContext): KubernetesOptions {
  const zones = blockZones(directive.args, block);
  const forward = zones.filter((zone) => !isReverseZone(zone));
  const [first] = forward;
  if (first === undefined) {
    const fix = "add the cluster's zone, such as cluster.local";
    throw new CorefileError(directive.position, `non-reverse zone name must be used - ${fix}`);
  }
  const options: Draft = { ...DEFAULTS, zones, primary: first };
  const api = apiOptionReaders(block);
  parseOptions(directive, { ...optionReaders(options), ...api.readers, ...refusals() });
  rejectConflicts(directive, options);
  if (options.guard) checkGuard(directive, options, options.guard, block);
  if (options.isolation) checkIsolation(directive, options);
  return {
    ...options,
    ...connectionOf(api.lines, directive, block),
    primary: forward.find((zone) => !options.multicluster.includes(zone)) ?? first,
  };
}

/** The options for the contents of a cluster that is made of objects. */
export function clusterOptions(options: KubernetesOptions): ClusterOptions {
  const { labels, namespaceLabels, serviceCidrs, podCidrs, namespacesFromManifests } = options;
  const namespacesFrom = namespacesFromManifests ? 'manifests' : 'all';
  return { labels, namespaceLabels, serviceCidrs, ...(podCidrs.length > 0 && { podCidrs }), namespacesFrom };
}

/** The cluster that the options name. */
export function clusterSettings(options: KubernetesOptions): ClusterSettings {
  const { connection, limits, auditMs, snapshot, manifests, namespaces } = options;
  return { connection, limits, auditMs, snapshot, manifests, namespaces, objects: clusterOptions(options) };
}

/** The objects that the options need. */
export function clusterNeeds(options: KubernetesOptions): Needs {
  const { noEndpoints, pods, multicluster, endpointPodNames, zonal, terminating, isolation } = options;
  const imports = multicluster.length > 0;
  return {
    kinds: [
      ...(['namespace', 'service'] as const),
      ...(noEndpoints ? [] : (['slice'] as const)),
      ...(pods === 'verified' ? (['pod'] as const) : []),
      ...(imports ? (['import'] as const) : []),
      ...(imports && !noEndpoints ? (['imported-slice'] as const) : []),
    ],
    podNames: endpointPodNames,
    zones: zonal,
    ...(terminating && { terminating }),
    ...(isolation && { currentPods: true }),
  };
}

function optionReaders(options: Draft): Record<string, (line: OptionLine) => void> {
  return {
    manifests(line) {
      const paths = manifestPaths(line);
      options.manifests = [...options.manifests, ...paths];
    },
    service_cidr(line) {
      options.serviceCidrs = [...options.serviceCidrs, ...atLeastArgs(line, 1).map(network)];
    },
    pod_cidr(line) {
      options.podCidrs = [...options.podCidrs, ...atLeastArgs(line, 1).map(network)];
    },
    namespaces_from_manifests(line) {
      noArgs(line);
      options.namespacesFromManifests = true;
    },
    namespaces(line) {
      options.namespaces = [...options.namespaces, ...atLeastArgs(line, 1).map(({ text }) => text)];
    },
    namespace_labels(line) {
      options.namespaceLabels = selectorOf(line);
    },
    labels(line) {
      options.labels = selectorOf(line);
    },
    pods(line) {
      const [mode] = exactArgs(line, 1);
      options.pods = oneOf(mode, POD_MODES);
    },
    endpoint_pod_names(line) {
      noArgs(line);
      options.endpointPodNames = true;
    },
    ttl(line) {
      const [seconds] = exactArgs(line, 1);
      options.ttl = integer(seconds, { min: 0, max: MAX_TTL }, 'ttl');
    },
    noendpoints(line) {
      noArgs(line);
      options.noEndpoints = true;
    },
    fallthrough(line) {
      options.fallthrough = fallthroughZones(line);
    },
    ignore(line) {
      oneOf(exactArgs(line, 1)[0], ['empty_service']);
      options.ignoreEmptyService = true;
    },
    zonal(line) {
      noArgs(line);
      options.zonal = true;
    },
    multicluster(line) {
      const added = zonesArgument(atLeastArgs(line, 1), []);
      options.multicluster = [...options.multicluster, ...added];
      for (const zone of added) requireForwardZone(zone, options.zones, line);
    },
    terminating(line) {
      oneOf(exactArgs(line, 1)[0], ['serving']);
      options.terminating = true;
    },
    guard(line) {
      options.guard = readGuard(line, options.guard);
    },
    isolate(line) {
      options.isolation = readIsolation(line, options.isolation);
    },
    startup_timeout(line) {
      options.startupTimeoutMs = durationMs(exactArgs(line, 1)[0]);
    },
    ptr(line) {
      options.ptr = oneOf(exactArgs(line, 1)[0], PTR_MODES);
    },
    external_name_ip(line) {
      noArgs(line);
      options.externalNameIP = true;
    },
  };
}

function refusals(): Record<string, (line: OptionLine) => void> {
  const refuse = (detail: string) => (line: OptionLine) => {
    throw new CorefileError(line.position, detail);
  };
  return Object.fromEntries(Object.entries(REFUSED).map(([name, detail]) => [name, refuse(detail)]));
}

/** @throws CorefileError for options that exclude each other, or that need another option. */
function rejectConflicts(directive: Directive, options: KubernetesOptions): void {
  const place = (name: string) => (directive.options.find((line) => line.name === name) ?? directive).position;
  const ofManifests = directive.options.find(({ name }) => OF_MANIFESTS.includes(name));
  if (options.manifests.length === 0 && ofManifests) {
    const detail = `'${ofManifests.name}' is about manifests, and there are none - remove it, or add 'manifests PATH'`;
    throw new CorefileError(ofManifests.position, detail);
  }
  if (options.namespaces.length > 0 && options.namespaceLabels.length > 0) {
    const detail = "'namespaces' and 'namespace_labels' exclude each other - remove one of them";
    throw new CorefileError(place('namespace_labels'), detail);
  }
  if (options.zonal && options.noEndpoints) {
    const detail = "'zonal' chooses among endpoints, which 'noendpoints' leaves out - remove one of them";
    throw new CorefileError(place('zonal'), detail);
  }
  if (options.terminating && options.noEndpoints) {
    const detail = "'terminating' is about endpoints, which 'noendpoints' leaves out - remove one of them";
    throw new CorefileError(place('terminating'), detail);
  }
}

/** @throws CorefileError for a zone that is not in `zones`, or is a reverse zone. */
function requireForwardZone(zone: Name, zones: readonly Name[], { position }: OptionLine): void {
  if (zones.includes(zone) && !isReverseZone(zone)) return;
  const fix = isReverseZone(zone) ? 'services have no names in a reverse zone' : "add it to the zones of 'kubernetes'";
  throw new CorefileError(position, `is not authoritative for the multicluster zone ${zone} - ${fix}`);
}
