import { domainToASCII } from 'node:url';
import { CairnError } from '../../base/errors.ts';
import { parseIP } from '../../dns/ip.ts';
import { reverseName } from '../../dns/reverse.ts';
import type { Cluster } from '../../sources/manifests/cluster.ts';
import type { PodManifest } from '../../sources/manifests/manifest.ts';
import { didYouMeanObject } from '../meant.ts';
import { UsageError } from '../usage.ts';

/** A Service or a Pod, as kubectl writes it. */
export interface NamedObject {
  /** Undefined for whichever there is. */
  readonly kind: 'Service' | 'Pod' | undefined;
  /** Undefined for that of the client. */
  readonly namespace: string | undefined;
  readonly name: string;
}

/** What a command line asks for. */
export interface Subject {
  /** As it was typed. */
  readonly text: string;
  /** The name to look up; empty for an object, whose name depends on the cluster. */
  readonly name: string;
  readonly type: string | undefined;
  readonly object: NamedObject | undefined;
}

const KINDS: Readonly<Record<string, NamedObject['kind']>> = {
  ...{ svc: 'Service', service: 'Service', services: 'Service' },
  ...{ po: 'Pod', pod: 'Pod', pods: 'Pod' },
};

/** Reads `web`, `10.96.0.20` (its PTR records), `shop/web`, `svc/web` or `pod/db-0`. @throws UsageError */
export function readSubject(text: string, type: string | undefined): Subject {
  const ip = parseIP(text);
  if (ip && (type === undefined || type === 'PTR'))
    return { text, name: reverseName(ip), type: 'PTR', object: undefined };
  if (text.includes('/')) return { text, name: '', type, object: readObject(text) };
  return { text, name: inAscii(text), type, object: undefined };
}

function readObject(text: string): NamedObject {
  const [, first = '', name = ''] = /^([^/.]+)\/([^/]+)$/.exec(text) ?? [];
  if (name === '') throw new UsageError(`"${text}" is not a name`, 'an object is NAMESPACE/NAME, svc/NAME or pod/NAME');
  const kind = KINDS[first];
  return kind ? { kind, namespace: undefined, name } : { kind: undefined, namespace: first, name };
}

/** As programs send a name with other characters than ASCII (RFC 5891). */
function inAscii(name: string): string {
  if (/^[\0-\x7f]*$/.test(name)) return name;
  const ascii = domainToASCII(name);
  if (ascii === '') throw new UsageError(`"${name}" is not a name`, 'it has characters that no domain name has');
  return ascii;
}

/** The DNS name of an object. Without a cluster to look into, it is a Service. @throws CairnError if there is no such object */
export function nameOfObject(
  { kind, namespace, name }: NamedObject,
  {
    cluster,
    clusterDomain = '',
  }: { readonly cluster?: Cluster | undefined; readonly clusterDomain?: string | undefined },
  clientNamespace: string,
): string {
  const place = namespace ?? clientNamespace;
  const service = `${name}.${place}.svc.${clusterDomain}.`;
  if (!cluster) {
    if (kind !== 'Pod') return service;
    throw new CairnError('USAGE', `pod/${name}: the name of a Pod needs its manifest: give --manifests or a Corefile`);
  }
  const isNamed = (one: { readonly namespace: string; readonly name: string }) =>
    one.namespace === place && one.name === name;
  if (kind !== 'Pod' && cluster.services.some(isNamed)) return service;
  const pod = kind === 'Service' ? undefined : cluster.podManifests.find(isNamed);
  if (pod) return nameOfPod(pod, clusterDomain);
  const objects = { Service: cluster.services, Pod: cluster.podManifests };
  const known = kind ? objects[kind] : [...cluster.services, ...cluster.podManifests];
  const what = kind ? `no ${kind}` : 'no Service and no Pod';
  const meant = didYouMeanObject(place, name, known);
  throw new CairnError('USAGE', `the cluster has ${what} ${place}/${name}${meant}`);
}

/** The name in a headless service, if the pod says that it has one, or else that of its address. */
function nameOfPod({ namespace, name, hostname, subdomain, record }: PodManifest, clusterDomain: string): string {
  if (hostname && subdomain) return `${hostname}.${subdomain}.${namespace}.svc.${clusterDomain}.`;
  const [address] = record?.ips ?? [];
  if (address === undefined)
    throw new CairnError('USAGE', `the pod ${namespace}/${name} has no address, and so no name`);
  return `${address.replace(/[.:]/g, '-')}.${namespace}.pod.${clusterDomain}.`;
}
