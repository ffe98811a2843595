import { closest, suggestion } from '../base/suggest.ts';

interface NamedObject {
  readonly namespace: string;
  readonly name: string;
}

/** `; did you mean shop/web?` for the end of an error: an object of a similar name in the namespace, or of this name in another one. */
export function didYouMeanObject(namespace: string, name: string, objects: readonly NamedObject[]): string {
  const own = objects.filter((one) => one.namespace === namespace).map((one) => one.name);
  const near = closest(name, own);
  const elsewhere = objects.filter((one) => one.name === name).map((one) => one.namespace);
  const place = closest(namespace, elsewhere) ?? elsewhere[0];
  if (near === undefined && place === undefined) return '';
  return suggestion(near === undefined ? `${place}/${name}` : `${namespace}/${near}`);
}
