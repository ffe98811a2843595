import type { Clock } from '../../src/observe/clock.ts';
import { type Endpoint, type EndpointSlice, NO_PORT, type Pod, type Port } from '../../src/registry/records.ts';
import { Registry } from '../../src/registry/registry.ts';
import { fakeClock } from './clock.ts';

/**
 * A synced registry from one line per object, blank lines and `#` lines left out:
 *
 *     namespace NAME [LABEL=VALUE…]
 *     service NAMESPACE/NAME IP[,IP] [PORT:PROTOCOL:NUMBER…]
 *     headless NAMESPACE/NAME
 *     external NAMESPACE/NAME TARGET
 *     slice NAMESPACE/SERVICE PORTS|- ENDPOINT…        PORTS joined by commas, ENDPOINT = [!]IP[,IP][=HOSTNAME][~PODNAME][@ZONE], with ! if it terminates and still serves
 *     import NAMESPACE/NAME IP[,IP]|headless [PORT:PROTOCOL:NUMBER…]          a service of the cluster set
 *     imported NAMESPACE/SERVICE CLUSTER PORTS|- ENDPOINT…                     and its endpoints in one cluster
 *     pod NAMESPACE/NAME IP[,IP] [host] [LABEL=VALUE…]          `host` for a pod in the host's network
 */
export function testCluster(text: string, clock: Clock = fakeClock()): Registry {
  const registry = new Registry(clock);
  addToCluster(registry, text);
  registry.markSynced();
  return registry;
}

/** Adds objects, in the notation of {@link testCluster}. */
export function addToCluster(registry: Registry, text: string): void {
  for (const [at, line] of text.split('\n').entries()) {
    const [kind, id = '', ...words] = line.trim().split(/\s+/);
    if (kind === '' || kind?.startsWith('#')) continue;
    const [namespace = '', name = ''] = id.split('/');
    const service = { namespace, name, type: 'ClusterIP', headless: false, clusterIPs: [], externalName: '' } as const;
    const common = { ...service, ports: ports(words.slice(1)), externalIPs: [] };
    if (kind === 'namespace') registry.setNamespace({ name: id, ...(words.length > 0 && { labels: labels(words) }) });
    else if (kind === 'service') registry.setService({ ...common, clusterIPs: words[0]!.split(',') });
    else if (kind === 'headless') registry.setService({ ...common, headless: true });
    else if (kind === 'external') registry.setService({ ...common, type: 'ExternalName', externalName: words[0]! });
    else if (kind === 'pod') registry.setPod({ namespace, name, ...pod(words) });
    else if (kind === 'slice') registry.setSlice({ namespace, service: name, name: `${name}-${at}`, ...slice(words) });
    else if (kind === 'import') {
      const headless = words[0] === 'headless';
      const clusterIPs = headless ? [] : words[0]!.split(',').filter((ip) => ip !== '-');
      const declared = words.length > 1 ? common.ports : [];
      registry.imports.setService({ ...common, headless, clusterIPs, ports: declared });
    } else if (kind === 'imported') {
      const [cluster = '', ...rest] = words;
      registry.imports.setSlice({ namespace, service: name, name: `${name}-${at}`, cluster, ...slice(rest) });
    } else throw new Error(`what is a "${kind}"?`);
  }
}

function slice([portList = '-', ...words]: readonly string[]): Pick<
  EndpointSlice,
  'ports' | 'endpoints' | 'terminating'
> {
  const terminating = words.filter((word) => word.startsWith('!')).flatMap((word) => endpoint(word.slice(1)));
  return {
    ports: ports(portList === '-' ? [] : portList.split(',')),
    endpoints: words.filter((word) => !word.startsWith('!')).flatMap(endpoint),
    ...(terminating.length > 0 && { terminating }),
  };
}

function ports(words: readonly string[]): Port[] {
  if (words.length === 0) return [{ name: '', protocol: 'tcp', port: NO_PORT }];
  return words.map((word) => {
    const [name = '', protocol = '', port] = word.split(':');
    return { name, protocol, port: Number(port) };
  });
}

function pod([ips = '', ...words]: readonly string[]): Pick<Pod, 'ips' | 'hostNetwork' | 'labels'> {
  const own = labels(words.filter((word) => word !== 'host'));
  return { ips: ips.split(','), hostNetwork: words.includes('host'), labels: own };
}

function labels(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(words.map((word) => word.split('=')));
}

/** One for each address of a list. */
function endpoint(word: string): Endpoint[] {
  const part = (mark: string) => new RegExp(`${mark}([^=~@]+)`).exec(word)?.[1];
  const [hostname, podName, zone] = [part('='), part('~'), part('@')];
  const traits = { ...(hostname && { hostname }), ...(podName && { podName }), ...(zone && { zone }) };
  return /^[^=~@]+/
    .exec(word)![0]
    .split(',')
    .map((address) => ({ address, ...traits }));
}
