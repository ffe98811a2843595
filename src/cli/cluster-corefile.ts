import { resolve } from 'node:path';
import type { CorefileInput } from './corefile-input.ts';

/** Where a cluster comes from that the command line names without a Corefile. */
export interface NamedCluster {
  /** Files, folders and patterns. */
  readonly manifests?: readonly string[] | undefined;
  readonly kubeconfig?: string | undefined;
  /** A context of the kubeconfig. */
  readonly context?: string | undefined;
}

/**
 * A Corefile that serves a cluster. Other names are forwarded, or do not exist; undefined if the command line names no cluster. A cluster that runs is
 * waited for: without its objects, no lookup makes sense.
 */
export function corefileFor(cluster: NamedCluster, forwards: boolean): CorefileInput | undefined {
  const { manifests, kubeconfig, context } = cluster;
  if (manifests) return inputOf(manifests.join(' '), `manifests ${manifests.map(quoted).join(' ')}`, forwards);
  if (kubeconfig === undefined) return undefined;
  const words = ['kubeconfig', quoted(kubeconfig), ...(context === undefined ? [] : [JSON.stringify(context)])];
  return {
    ...inputOf(context ?? kubeconfig, `${words.join(' ')}\n    startup_timeout 10s`, forwards),
    isRunning: true,
  };
}

function quoted(path: string): string {
  return JSON.stringify(resolve(path));
}

function inputOf(file: string, source: string, forwards: boolean): CorefileInput {
  return { file, text: forwards ? withForward(source) : alone(source) };
}

function alone(source: string): string {
  return `cluster.local in-addr.arpa ip6.arpa {
  kubernetes {
    ${source}
    pods insecure
    ttl 30
  }
}
. {
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`;
}

function withForward(source: string): string {
  return `. {
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    ${source}
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
    ttl 30
  }
  forward . /etc/resolv.conf
}
`;
}
