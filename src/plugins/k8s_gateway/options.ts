import { expectingOneOf } from '../../base/suggest.ts';
import { type ApiOptions, apiOptionReaders, connectionOf, NO_API_OPTIONS } from '../../connect/api-options.ts';
import { manifestPaths, selectorOf } from '../../connect/object-options.ts';
import {
  atLeastArgs,
  durationMs,
  exactArgs,
  fallthroughZones,
  integer,
  network,
  once,
  oneOf,
  parseOptions,
} from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { atToken, CorefileError } from '../../corefile/error.ts';
import type { Token } from '../../corefile/token.ts';
import { ADDRESS_TYPES, KINDS, type Kind, type NameOptions } from '../../declared/kinds.ts';
import type { Prefix } from '../../dns/ip.ts';
import { foldName, joinName, MAX_NAME_OCTETS, type Name, parseUnicodeName, ROOT, wireLength } from '../../dns/name.ts';
import { blockZones } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';
import { parseSelector, type Selector } from '../../registry/selector.ts';

/** The options of the directive, with all defaults. */
export interface GatewayOptions extends NameOptions, ApiOptions {
  /** Seconds. */
  readonly ttl: number;
  readonly fallthrough: readonly Name[];
  /** The networks of the clients inside; empty for all clients, undefined if nobody gets addresses inside. */
  readonly insideNetworks: readonly Prefix[] | undefined;
  /** Files and folders; empty if the cluster is read from its API server. */
  readonly manifests: readonly string[];
  /** Which objects are read; undefined for those that the plugin `kubernetes` of the block reads, else all. */
  readonly labels: Selector | undefined;
  /** How long a start waits until the objects are known. */
  readonly startupTimeoutMs: number;
}

type Draft = { -readonly [K in keyof GatewayOptions]: GatewayOptions[K] };

const DEFAULT_TTL = 60;
const MAX_TTL = 3600;
const DEFAULT_APEX = 'dns1.kube-system';
const DEFAULT_KINDS: readonly Kind[] = ['Ingress', 'Service'];

/** Reads `k8s_gateway [ZONES…] { … }`. @throws CorefileError, CorefileErrors */
export function parseGateway(uses: readonly Directive[], block: ParseContext): GatewayOptions {
  const directive = once(uses);
  const options: Draft = {
    zones: blockZones(directive.args, block),
    kinds: DEFAULT_KINDS,
    ingressClasses: [],
    gatewayClasses: [],
    serviceSelectors: [],
    namespaces: [],
    nodeAddressType: 'InternalIP',
    inside: false,
    entries: [],
    servers: [],
    ttl: DEFAULT_TTL,
    fallthrough: [],
    insideNetworks: undefined,
    manifests: [],
    labels: undefined,
    startupTimeoutMs: 5000,
    ...NO_API_OPTIONS,
  };
  const api = apiOptionReaders(block);
  let apex = DEFAULT_APEX;
  const secondaries: string[] = [];
  parseOptions(directive, {
    ...readers(options, block),
    ...api.readers,
    apex(line) {
      apex = serverName(line);
    },
    secondary(line) {
      secondaries.splice(0, 1, serverName(line));
    },
  });
  warnOfUnused(directive, options, block);
  const servers = [...new Set([apex, ...secondaries])];
  checkServers(servers, options.zones, directive);
  return { ...options, ...connectionOf(api.lines, directive, block), servers };
}

/** The longest name of a zone is that in its SOA record. @throws CorefileError */
function checkServers(servers: readonly string[], zones: readonly Name[], { position }: Directive): void {
  for (const server of zones.flatMap((zone) => servers.map((each) => joinName([each], zone)))) {
    if (wireLength(joinName(['hostmaster'], server)) <= MAX_NAME_OCTETS) continue;
    throw new CorefileError(
      position,
      `the name server ${server} has too long a name - give it a shorter one: 'apex ns'`,
    );
  }
}

/** Options about kinds of objects of which at least one must be among the resources. */
const ABOUT_KINDS: Readonly<Record<string, readonly Kind[]>> = {
  ingressClasses: ['Ingress'],
  gatewayClasses: ['HTTPRoute', 'TLSRoute', 'GRPCRoute'],
  serviceLabelSelectors: ['Service'],
  nodeAddressType: ['Node'],
};

function warnOfUnused({ options }: Directive, { kinds, inside }: Draft, { warn }: ParseContext): void {
  for (const { name, position } of options) {
    const wanted = ABOUT_KINDS[name];
    if (wanted && !wanted.some((kind) => kinds.includes(kind)))
      warn(position, `'${name}' has no effect without ${wanted.join(', ')} in 'resources'`);
  }
  const entry = options.find(({ name }) => name === 'entry');
  if (entry && !inside && !kinds.includes('Node'))
    warn(entry.position, "'entry' has no effect without 'inside', and without the kind Node in 'resources'");
}

/** Whether the options name a cluster; if not, it is that of the plugin `kubernetes` in the block, or the one that the process runs in. */
export function namesCluster({ connection, manifests }: GatewayOptions): boolean {
  return connection !== undefined || manifests.length > 0;
}

function readers(options: Draft, block: ParseContext): Record<string, (line: OptionLine) => void> {
  return {
    resources(line) {
      options.kinds = readKinds(line, block);
    },
    ingressClasses(line) {
      options.ingressClasses = words(line);
    },
    gatewayClasses(line) {
      options.gatewayClasses = words(line);
    },
    serviceLabelSelectors(line) {
      options.serviceSelectors = [...options.serviceSelectors, ...atLeastArgs(line, 1).map(readSelector)];
    },
    manifests(line) {
      options.manifests = [...options.manifests, ...manifestPaths(line)];
    },
    labels(line) {
      options.labels = selectorOf(line);
    },
    namespaces(line) {
      options.namespaces = [...options.namespaces, ...words(line)];
    },
    ttl(line) {
      options.ttl = integer(exactArgs(line, 1)[0], { min: 0, max: MAX_TTL }, 'ttl');
    },
    nodeAddressType(line) {
      options.nodeAddressType = oneOf(exactArgs(line, 1)[0], ADDRESS_TYPES);
    },
    startup_timeout(line) {
      options.startupTimeoutMs = durationMs(exactArgs(line, 1)[0]);
    },
    fallthrough(line) {
      options.fallthrough = fallthroughZones(line);
    },
    inside(line) {
      options.inside = true;
      options.insideNetworks = addNetworks(line, options.insideNetworks);
    },
    entry(line) {
      options.entries = [...options.entries, readEntry(line, options)];
    },
  };
}

function words(line: OptionLine): readonly string[] {
  return atLeastArgs(line, 1).map(({ text }) => text);
}

/** As in CoreDNS, a kind that is not known has no effect: Corefiles may name kinds of other versions. */
function readKinds(line: OptionLine, { warn }: ParseContext): readonly Kind[] {
  const tokens = atLeastArgs(line, 1);
  const known = tokens.flatMap(({ text, position }) => {
    const kind = KINDS.find((each) => each === text);
    if (kind === undefined) warn(position, `'${text}' has no effect: ${expectingOneOf(text, KINDS)}`);
    return kind ?? [];
  });
  if (known.length === 0)
    throw new CorefileError(tokens[0].position, `no known kind: ${expectingOneOf(tokens[0].text, KINDS)}`);
  return [...new Set(known)];
}

function readSelector(token: Token): Selector {
  const selector = atToken(token, () => parseSelector(token.text));
  if (selector.length > 0) return selector;
  throw new CorefileError(token.position, 'expecting a label selector such as app=web, not an empty string');
}

function addNetworks(line: OptionLine, others: readonly Prefix[] | undefined): readonly Prefix[] {
  const added = line.args.map(network);
  if (others !== undefined && (others.length === 0 || added.length === 0)) {
    throw new CorefileError(line.position, "'inside' without networks stands for all clients - remove the other line");
  }
  return [...(others ?? []), ...added];
}

function readEntry(line: OptionLine, { entries }: Draft): GatewayOptions['entries'][number] {
  const [{ text: className, position }, service] = exactArgs(line, 2);
  const [namespace = '', name = '', ...more] = service.text.split('/');
  if (namespace === '' || name === '' || more.length > 0) {
    throw new CorefileError(service.position, `expecting NAMESPACE/SERVICE, not '${service.text}'`);
  }
  if (entries.some((entry) => entry.className === className)) {
    throw new CorefileError(position, `the class '${className}' has an entry already - remove one of them`);
  }
  return { className, namespace, name };
}

/** A name below the zone, which the Service of the name server gives: `NAME.NAMESPACE`. */
function serverName(line: OptionLine): string {
  const [token] = exactArgs(line, 1);
  const name = foldName(atToken(token, () => parseUnicodeName(token.text)));
  if (name !== ROOT) return name.slice(0, -1);
  throw new CorefileError(token.position, `expecting a name such as ${DEFAULT_APEX}, not '${token.text}'`);
}
