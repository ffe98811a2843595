import { Field, type FieldPath, ObjectError, type PassOver, refuseAll } from './field.ts';

/** An API object, and its place in its document. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: unknown;
  /** Empty for the document itself. */
  readonly path: FieldPath;
}

/**
 * The objects of a document: the document itself, or the items of a `List`, `ServiceList` and so on, at any depth. The API leaves out the kind of the
 * items in a typed list.
 *
 * @param passOver is called for items that are not API objects.
 * @param ofItems what the document is if it does not say it
 * @throws ObjectError if the document is not an API object.
 */
export function objectsOf(
  document: unknown,
  passOver: PassOver = refuseAll,
  ofItems: Kind | undefined = undefined,
): Iterable<ApiObject> {
  return objectsIn(new Field('object', document), [], ofItems, passOver);
}

export type Kind = Pick<ApiObject, 'apiVersion' | 'kind'>;

/** What the items of a typed list are; undefined for a `List`, whose items say it themselves. */
export function kindOfItems({ apiVersion, kind }: Kind): Kind | undefined {
  return kind === 'List' ? undefined : { apiVersion, kind: kind.slice(0, -'List'.length) };
}

function* objectsIn(field: Field, path: FieldPath, ofItems: Kind | undefined, passOver: PassOver): Iterable<ApiObject> {
  if (!field.present) return;
  const apiVersion = field.get('apiVersion').text() ?? ofItems?.apiVersion;
  const kind = field.get('kind').text() ?? ofItems?.kind;
  if (!apiVersion || !kind) return field.fail('has no apiVersion and kind: this is not a Kubernetes object');
  const items = field.get('items');
  if (!kind.endsWith('List') || !items.present) {
    yield { apiVersion, kind, object: field.value, path };
    return;
  }
  const itemKind = kindOfItems({ apiVersion, kind });
  for (const [i, item] of items.items().entries()) {
    try {
      yield* objectsIn(item, [...path, 'items', i], itemKind, passOver);
    } catch (thrown) {
      if (!(thrown instanceof ObjectError)) throw thrown;
      passOver(thrown);
    }
  }
}
