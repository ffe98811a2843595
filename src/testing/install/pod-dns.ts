import { clusterDnsAddress } from '../../registry/service-environment.ts';
import type { Protocol } from '../../resolver/index.ts';
import { networkOf, type PodResolver } from '../pods.ts';
import type { DatagramRoutes } from './datagrams.ts';
import { createDnsServer } from './dns-server.ts';
import { routeTo, type Surroundings, type TcpRoute } from './route.ts';
import type { Routes } from './routes.ts';
import { type Served, serve } from './served.ts';

/** The DNS servers of a pod, for programs that send queries themselves. */
export interface PodDns {
  /** The name servers of the pod, and the cluster's. */
  readonly addresses: readonly string[];
  connections(routes: Routes): (address: string, port: number) => TcpRoute;
  datagrams(routes: Routes): DatagramRoutes;
  stop(): void;
}

export function createPodDns({ registry }: Surroundings, pod: PodResolver): PodDns {
  const addresses = [...pod.getServers(), clusterDnsAddress(registry.services())];
  const ending = new AbortController();
  const served = new Map<string, Served>();
  const answer = async (query: Uint8Array, address: string, protocol: Protocol) => {
    // A signal of its own tells the queries apart.
    const signal = AbortSignal.any([ending.signal]);
    const brought = await networkOf(pod).transport(query, { address, port: 53 }, protocol, signal);
    if (brought === undefined || brought === 'silence' || signal.aborted) return undefined;
    return 'octets' in brought ? brought.octets : brought;
  };
  const server = (address: string): Served => {
    const made = served.get(address) ?? serve(createDnsServer((query) => answer(query, address, 'tcp')));
    served.set(address, made);
    return made;
  };
  return {
    addresses,
    connections: (routes) => (address, port) => {
      const route = routes(address, port, 'tcp');
      return route.kind === 'dns' ? routeTo(server(address), 'DNS') : route;
    },
    datagrams: (routes) => ({
      of: (address, port) => routes(address, port, 'udp'),
      version: () => registry.epochs.all.value,
      answer: (query, { address }) => answer(query, address, 'udp'),
    }),
    stop() {
      ending.abort();
      for (const one of served.values()) one.stop();
    },
  };
}
