import { CairnError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import { foldName, isAtOrBelow, type Name, parseUnicodeName } from '../dns/name.ts';
import type { Service } from '../registry/records.ts';
import type { ServedCluster } from './stand-ins.ts';

/** The names that a fault concerns; given a folded name. */
export type NameTest = (name: Name) => boolean;

/**
 * Reads the names that a fault concerns: a Service and all names below it as `NAMESPACE/NAME`, or as `NAME` if only one namespace has it; a whole name
 * such as `api.example.com`; all names below one, as `*.example.com`; or all, as `*`.
 *
 * @throws CairnError for a Service that does not exist or may be another, and for a short name, which no pod asks for as it is
 */
export function readFaultNames(text: string, { zone, registry }: ServedCluster): NameTest {
  if (text === '*') return () => true;
  if (text.startsWith('*.')) {
    const above = nameIn(text.slice(2));
    return (name) => name !== above && isAtOrBelow(name, above);
  }
  if (text.includes('*'))
    throw new CairnError('CLUSTER', `"${text}" is no pattern: "*" stands at the beginning, as in "*.example.com"`);
  const services = [...registry.services()];
  if (text.includes('/') || !text.includes('.')) {
    const service = findService(text, services);
    const own = nameIn(`${service.name}.${service.namespace}.svc.${zone}`);
    return (name) => isAtOrBelow(name, own);
  }
  refuseShort(text, services, zone);
  const whole = nameIn(text);
  return (name) => name === whole;
}

function nameIn(text: string): Name {
  return foldName(parseUnicodeName(text));
}

function findService(text: string, services: readonly Service[]): Service {
  const [name, namespace] = text.split('/').reverse() as [string, string?];
  const found = services.filter((one) => one.name === name && (namespace === undefined || one.namespace === namespace));
  const [service] = found;
  if (service && found.length === 1) return service;
  if (service) {
    const names = found.map((one) => `"${one.namespace}/${one.name}"`).join(' or ');
    throw new CairnError('CLUSTER', `there are ${found.length} services called ${name}: say ${names}`);
  }
  const known = services.map((one) => (namespace === undefined ? one.name : `${one.namespace}/${one.name}`));
  const instead = didYouMean(text, known) || ': for another name, say all of it, such as "api.example.com" or "web."';
  throw new CairnError('CLUSTER', `the cluster has no service ${text}${instead}`);
}

/** `web.shop` and `web.shop.svc` have other names once the search list is through with them. */
function refuseShort(text: string, services: readonly Service[], zone: Name): void {
  const meant = services.find(({ name, namespace }) =>
    [`${name}.${namespace}`, `${name}.${namespace}.svc`].includes(text.toLowerCase()),
  );
  if (!meant) return;
  const { name, namespace } = meant;
  const whole = `${name}.${namespace}.svc.${zone.replace(/\.$/, '')}`;
  throw new CairnError('CLUSTER', `"${text}" is a short name: say "${namespace}/${name}" or "${whole}"`);
}
