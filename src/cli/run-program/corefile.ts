import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Writes a Corefile that serves a cluster of manifests, and returns its path. Other names are forwarded, or do not exist. */
export function corefileFor(manifests: readonly string[], folder: string, forwards: boolean): string {
  const paths = manifests.map((path) => JSON.stringify(resolve(path))).join(' ');
  const path = join(folder, 'Corefile');
  writeFileSync(path, forwards ? withForward(paths) : alone(paths));
  return path;
}

function alone(paths: string): string {
  return `cluster.local in-addr.arpa ip6.arpa {
  kubernetes {
    manifests ${paths}
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

function withForward(paths: string): string {
  return `. {
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    manifests ${paths}
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
    ttl 30
  }
  forward . /etc/resolv.conf
}
`;
}
