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
