import { canonicalIP, parseIP } from '../../../src/dns/ip.ts';
import { Class, type Question } from '../../../src/dns/message.ts';
import { parseName } from '../../../src/dns/name.ts';
import { reverseName } from '../../../src/dns/reverse.ts';
import { parseType } from '../../../src/dns/rr.ts';
import type { KubernetesObject } from '../../support/api-server/index.ts';
import { type Dice, dice } from './dice.ts';
import { podNames } from './pod-names.ts';
import { readServices, type ServiceNames } from './service-names.ts';

/** Asked of every name. */
const MAIN_TYPES = ['A', 'AAAA', 'SRV', 'PTR'];
const OTHER_TYPES = ['CNAME', 'TXT', 'NS', 'SOA', 'MX', 'ANY', 'HTTPS', 'TYPE65280'];

/** Which questions are asked of a cluster. */
export interface Asking {
  /** The forward zones, without the dot at the end. */
  readonly zones: readonly string[];
  /** How many of the less common types each name is asked with; all of them without it. */
  readonly otherTypes?: number;
  readonly seed?: number;
}

/** All names that the objects could have, and near misses, each with types that it has and that it has not. */
export function questionsFor(
  objects: readonly KubernetesObject[],
  { zones, otherTypes, seed = 1 }: Asking,
): Question[] {
  const d = dice(seed);
  const names = [...zones.flatMap((zone) => forwardNames(d, objects, zone)), ...reverseNames(objects)];
  return [...new Set(names)].flatMap((name) => {
    const others = otherTypes === undefined ? OTHER_TYPES : d.some(OTHER_TYPES, otherTypes / OTHER_TYPES.length);
    return [...MAIN_TYPES, ...others].map((type) => ({ name, type: parseType(type)!, class: Class.IN }));
  });
}

function forwardNames(d: Dice, objects: readonly KubernetesObject[], zone: string): string[] {
  const namespaces = objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata: { name } }) => name);
  const services = readServices(objects);
  return [
    '',
    ...[
      'svc',
      'pod',
      'dns',
      'ns.dns',
      'x.ns.dns',
      'x.dns',
      'dns-version',
      'x.dns-version',
      'nothing',
      'a.b.c.d.e.f.nothing',
    ],
    ...[
      'nothing.svc',
      'web.nothing.svc',
      'x.y.z.w.svc',
      'nothing.pod',
      '10-0-0-1.nothing.pod',
      '*.shop.svc',
      'any.any.svc',
    ],
    ...namespaces.flatMap((namespace) => [`${namespace}.svc`, `${namespace}.pod`, `missing.${namespace}.svc`]),
    ...services.flatMap((service) => serviceNames(service, namespaces)),
    ...podNames(objects, namespaces),
  ]
    .flatMap((name) => (name === '' ? [zone] : [`${name}.${zone}`]))
    .flatMap((name) => (d.chance(0.3) ? [name, otherCase(name)] : [name]))
    .filter(isName)
    .map((name) => parseName(`${name}.`));
}

/** A service's own names and those that look like one. */
function serviceNames({ name, namespace, endpoints, ports }: ServiceNames, namespaces: readonly string[]): string[] {
  const service = `${name}.${namespace}.svc`;
  const named = ports.flatMap((port) => [`_${port.name}._${port.protocol}`, `${port.name}.${port.protocol}`]);
  const labels = ['x', '_tcp', '_udp', '_', '-', '\\000', '*', 'any', name, ...endpoints];
  const pairs = [
    '_x._tcp',
    '_http._sctp',
    '_._tcp',
    '_._',
    '_tcp._http',
    'x.y',
    '_zone.x',
    'pin._zone',
    'prefer._zone',
  ];
  const triples = ['x._http._tcp', 'eu-1.pin._zone', 'eu-2.prefer._zone', 'EU-2.pin._zone', 'us.east.pin._zone'];
  const odd = ['nowhere.prefer._zone', 'eu-1.what._zone', '.pin._zone', 'x.y.z', 'a.b.c.d'];
  return [
    service,
    ...[...labels, ...named, ...pairs, ...triples, ...odd].map((label) => `${label}.${service}`),
    ...endpoints.map((endpoint) => `x.${endpoint}.${service}`),
    ...[name, `${name}.${namespace}`, `${name}.${namespace}.pod`, `${name}.${namespace}.svc.svc`],
    ...namespaces.filter((other) => other !== namespace).map((other) => `${name}.${other}.svc`),
  ];
}

/** Names of all addresses, the names above and below them, and what is only nearly one. */
function reverseNames(objects: readonly KubernetesObject[]): string[] {
  const addresses = JSON.stringify(objects).match(/"[0-9a-fA-F:.]+"/g) ?? [];
  const names = new Set<string>(['10.in-addr.arpa.', 'in-addr.arpa.', 'ip6.arpa.', '9.9.9.10.in-addr.arpa.']);
  for (const text of addresses) {
    const address = canonicalIP(text.slice(1, -1));
    if (address === undefined) continue;
    const name = reverseName(parseIP(address)!);
    const labels = name.split('.');
    for (const cut of address.includes(':') ? [1, 4, 16, 20, 29] : [1, 2, 3]) names.add(labels.slice(cut).join('.'));
    for (const more of [name, otherCase(name), `x.${name}`, `1.${name}`, `a.b.c.${name}`, `0${name}`]) names.add(more);
  }
  return [...names].filter((name) => name !== '' && name !== 'arpa.');
}

function otherCase(name: string): string {
  return name.replace(/[a-z]/g, (letter, at: number) => (at % 3 === 0 ? letter.toUpperCase() : letter));
}

function isName(name: string): boolean {
  try {
    parseName(`${name}.`);
    return true;
  } catch {
    return false;
  }
}
