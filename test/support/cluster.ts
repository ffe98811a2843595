import type { Clock } from '../../src/observe/clock.ts';
import { type Endpoint, NO_PORT, type Pod, type Port } from '../../src/registry/records.ts';
import { Registry } from '../../src/registry/registry.ts';
import { fakeClock } from './clock.ts';

/**
 * A synced registry from one line per object, blank lines and `#` lines left out:
 *
 *     namespace NAME
 *     service NAMESPACE/NAME IP[,IP] [PORT:PROTOCOL:NUMBER…]
 *     headless NAMESPACE/NAME
 *     external NAMESPACE/NAME TARGET
 *     slice NAMESPACE/SERVICE PORTS|- ENDPOINT…        PORTS joined by commas, ENDPOINT = IP[,IP][=HOSTNAME][~PODNAME][@ZONE]
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
    if (kind === 'namespace') registry.setNamespace({ name: id });
    else if (kind === 'service') registry.setService({ ...common, clusterIPs: words[0]!.split(',') });
    else if (kind === 'headless') registry.setService({ ...common, headless: true });
    else if (kind === 'external') registry.setService({ ...common, type: 'ExternalName', externalName: words[0]! });
    else if (kind === 'pod') registry.setPod({ namespace, name, ...pod(words) });
    else if (kind === 'slice') {
      const slicePorts = words[0] === '-' ? ports([]) : ports(words[0]!.split(','));
      const endpoints = words.slice(1).map(endpoint);
      registry.setSlice({ namespace, service: name, name: `${name}-${at}`, ports: slicePorts, endpoints });
    } else throw new Error(`what is a "${kind}"?`);
  }
}

function ports(words: readonly string[]): Port[] {
  if (words.length === 0) return [{ name: '', protocol: 'tcp', port: NO_PORT }];
  return words.map((word) => {
    const [name = '', protocol = '', port] = word.split(':');
    return { name, protocol, port: Number(port) };
  });
}

function pod([ips = '', ...words]: readonly string[]): Pick<Pod, 'ips' | 'hostNetwork' | 'labels'> {
  const labels = words.filter((word) => word !== 'host').map((word) => word.split('='));
  return { ips: ips.split(','), hostNetwork: words.includes('host'), labels: Object.fromEntries(labels) };
}

function endpoint(word: string): Endpoint {
  const part = (mark: string) => new RegExp(`${mark}([^=~@]+)`).exec(word)?.[1];
  const [hostname, podName, zone] = [part('='), part('~'), part('@')];
  return {
    addresses: /^[^=~@]+/.exec(word)![0].split(','),
    ...(hostname && { hostname }),
    ...(podName && { podName }),
    ...(zone && { zone }),
  };
}
