import { type Dice, dice } from './dice.ts';

/** How one server block serves a cluster. */
export interface Settings {
  readonly zones: readonly string[];
  readonly options: readonly string[];
}

const ZONES = [
  ['cluster.local', 'in-addr.arpa', 'ip6.arpa'],
  ['cluster.local', 'in-addr.arpa', 'ip6.arpa'],
  ['cluster.local', '10.in-addr.arpa', '0.0.d.f.ip6.arpa'],
  ['cluster.local', '10.0.0.0/15', 'fd00::/48'],
  ['other.test', 'cluster.local', '10.0.0.0/22'],
  ['cluster.local'],
];

/** What kubeadm writes. */
export const kubeadm: Settings = {
  zones: ['cluster.local', 'in-addr.arpa', 'ip6.arpa'],
  options: ['pods insecure', 'fallthrough in-addr.arpa ip6.arpa', 'ttl 30'],
};

/** Makes a block that may have every option that both servers know. */
export function generateSettings(seed: number): Settings {
  const d = dice(seed);
  const filter = d.pick([
    [],
    [],
    [],
    ['namespaces shop'],
    ['namespaces shop other 0team'],
    ['namespace_labels env=prod'],
  ]);
  const endpoints = d.pick([[], [], [], ['noendpoints'], ['zonal'], ['endpoint_pod_names'], ['endpoint_pod_names']]);
  return {
    zones: d.pick(ZONES),
    options: [
      ...d.pick([[], ['pods disabled'], ['pods insecure'], ['pods verified']]),
      ...filter,
      ...endpoints,
      ...some(d, 0.2, 'labels tier=front', 'ignore empty_service', 'fallthrough', 'fallthrough cluster.local'),
      ...d.pick([[], ['ttl 30'], ['ttl 0'], ['ttl 3600']]),
    ],
  };
}

function some(d: Dice, probability: number, ...lines: string[]): string[] {
  const chosen = d.some(lines, probability);
  // A block has this option once.
  return chosen.filter((line, i) => chosen.findIndex((other) => other.split(' ')[0] === line.split(' ')[0]) === i);
}

/** A server block that serves the cluster which `source` leads to, and one for the names outside that `upstream` knows. */
export function blockText(port: number, { zones, options }: Settings, source: string, upstream: string): string {
  return [
    `.:${port} {`,
    `    kubernetes ${zones.join(' ')} {`,
    ...[source, ...options].map((line) => `        ${line}`),
    '    }',
    '}',
    `example.org:${port} {`,
    `    forward . ${upstream}`,
    '}',
    '',
  ].join('\n');
}
