import type { Field } from './field.ts';
import { shared } from './shared.ts';

/** A label as Kubernetes allows it (RFC 1123): the name of a Service or a Namespace. */
export const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
export const LABEL_RULE = 'at most 63 lower-case letters, digits and "-", beginning and ending with a letter or digit';
/** Labels joined by dots: the names of Pods and slices. */
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const SUBDOMAIN_RULE =
  'at most 253 lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit';

/** The namespace of an object without one. */
export const DEFAULT_NAMESPACE = 'default';

interface Names {
  readonly namespace: string;
  readonly name: string;
}

/** The names of an object whose name is part of domain names. @throws ObjectError */
export function readNames(object: Field): Names {
  return { namespace: readNamespace(object), name: readLabelName(object) };
}

/** The names of an object whose name may contain dots. @throws ObjectError */
export function readLongNames(object: Field): Names {
  const name = object.get('metadata').get('name').matching(SUBDOMAIN, SUBDOMAIN_RULE);
  return { namespace: readNamespace(object), name };
}

/** The name of an object that is itself one label of a domain name. @throws ObjectError */
export function readLabelName(object: Field): string {
  return object.get('metadata').get('name').matching(LABEL, LABEL_RULE);
}

/** @throws ObjectError */
export function readLabels(object: Field): Readonly<Record<string, string>> {
  return object.get('metadata').get('labels').labels();
}

function readNamespace(object: Field): string {
  const namespace = object.get('metadata').get('namespace');
  return namespace.present ? shared(namespace.matching(LABEL, LABEL_RULE)) : DEFAULT_NAMESPACE;
}

/** The value of one annotation; others may have any type. @throws ObjectError */
export function readAnnotation(object: Field, name: string): string | undefined {
  return object.get('metadata').get('annotations').get(name).text();
}

/** When the object was created, in milliseconds since the Unix epoch; 0 if it does not say. */
export function readCreatedMs(object: Field): number {
  return Date.parse(String(object.get('metadata').get('creationTimestamp').value)) || 0;
}

/** The label of objects that have no names outside of the cluster's zone. */
const IGNORE_LABEL = 'k8s-gateway.dns/ignore';

/** @throws ObjectError */
export function isIgnored(object: Field): boolean {
  return readLabels(object)[IGNORE_LABEL] === 'true';
}
