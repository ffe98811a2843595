/**
 * Takes the place of `cairn-dns/testing` for the examples, in the namespaces of a pod: their clusters are the kit's, but their pods are Node's own
 * functions, with the pod's files in /etc and the cluster on port 53. So an example that holds here holds in production.
 */
import { createSocket } from 'node:dgram';
import dns from 'node:dns';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import {
  type Cluster,
  type ClusterOptions,
  type PodChoice,
  type PodOptions,
  type PodResolver,
  startCluster as startKit,
} from '../../../src/testing/index.ts';

type Method = (...args: readonly unknown[]) => unknown;

const CLUSTER_DNS = { address: '10.96.0.10', port: 53 };

/** The cluster that port 53 leads to: that of the pod that asked last. */
let asked: Cluster;
let relaying: Promise<void> | undefined;

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  relaying ??= relay();
  await relaying;
  const cluster = await startKit({ ...options, listen: true });
  const pod = (choice: PodChoice & Partial<PodOptions>, podOptions?: PodOptions): PodResolver => {
    const ofKit = cluster.pod(choice, podOptions);
    const { image, runtime } = { ...(typeof choice === 'object' ? choice : {}), ...podOptions };
    // Of another image or runtime there is none here.
    if (image !== undefined || runtime !== undefined) return ofKit;
    return { ...ofKit, ...asNode(ofKit, cluster) };
  };
  return { ...cluster, pod: pod as Cluster['pod'] };
}

function asNode(pod: PodResolver, cluster: Cluster): Partial<PodResolver> {
  const names = Object.keys(pod).filter((name) => name === 'lookup' || /^resolve(?!Conf|r)|^reverse/.test(name));
  const methods = names.map((name) => {
    const method = async (...args: readonly unknown[]) => {
      asked = cluster;
      writeFileSync('/etc/resolv.conf', pod.resolvConf);
      writeFileSync('/etc/hosts', pod.hosts);
      const node: Readonly<Record<string, unknown>> =
        name === 'lookup' ? dns.promises : (new dns.promises.Resolver() as never);
      try {
        return await (node[name] as Method).apply(node, [...args]);
      } catch (error) {
        throw await withReason(error as object, () => (pod[name as 'lookup'] as Method)(...args));
      }
    };
    return [name, method];
  });
  return Object.fromEntries(methods);
}

/** The kit's error, which has the server's reason as well, if all else of it is the same. */
async function withReason(error: object, ask: () => unknown): Promise<unknown> {
  const ofKit = await Promise.resolve(ask()).then(
    () => undefined,
    (rejected) => rejected,
  );
  const told = (one: object | undefined) => {
    const { code, syscall, hostname } = (one ?? {}) as Record<string, unknown>;
    return { code, syscall, hostname };
  };
  return isDeepStrictEqual(told(ofKit), told(error)) ? ofKit : error;
}

/** The kit's cluster answers at a port that the system chose; resolv.conf knows only port 53. */
async function relay(): Promise<void> {
  const udp = createSocket('udp4').on('message', (message, client) => {
    const { address, port } = asked.address!;
    const upstream = createSocket('udp4').on('message', (reply) => {
      udp.send(reply, client.port, client.address);
      upstream.close();
    });
    upstream.send(message, port, address);
  });
  await new Promise<void>((resolve) => udp.bind(CLUSTER_DNS.port, CLUSTER_DNS.address, resolve));
  const tcp = createServer((socket) => {
    const { address, port } = asked.address!;
    socket.pipe(connect(port, address)).pipe(socket);
  });
  await new Promise<void>((resolve) => tcp.listen(CLUSTER_DNS.port, CLUSTER_DNS.address, resolve));
  udp.unref();
  tcp.unref();
}
