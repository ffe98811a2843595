import type { Parent, Route, RouteKind } from '../../registry/declared-records.ts';
import { Field, type PassOver, readEach, refuseAll } from './field.ts';
import { GATEWAY_GROUP, type Origin } from './gateway.ts';
import { readSomeHostNames } from './host-name.ts';
import { isIgnored, readCreatedMs, readLongNames } from './metadata.ts';
import { sharedParents } from './shared.ts';

/**
 * Converts an HTTPRoute, a TLSRoute or a GRPCRoute to its record; undefined for one that is to be ignored. Its parents are the Gateways that have
 * accepted it; in files, where no controller has written a status, those that it names.
 *
 * @param passOver is called for invalid host names and references: the others are served.
 * @throws ObjectError
 */
export function convertRoute(
  kind: RouteKind,
  object: unknown,
  origin: Origin,
  passOver: PassOver = refuseAll,
): Route | undefined {
  const route = new Field(kind, object);
  const names = readLongNames(route);
  if (isIgnored(route)) return undefined;
  const spec = route.get('spec');
  const status = route.get('status');
  const parents = readParents(spec.get('parentRefs').items(), names.namespace, passOver);
  const isTrusted = origin === 'files' && !status.present;
  return {
    ...names,
    createdMs: readCreatedMs(route),
    hostnames: readSomeHostNames(spec.get('hostnames').items(), passOver),
    parents: sharedParents(isTrusted ? parents : acceptedBy(parents, status, names.namespace, passOver)),
  };
}

/** The Gateways among references; a namespace that is left out is that of the route. */
function readParents(references: readonly Field[], namespace: string, passOver: PassOver): Parent[] {
  return readEach(references, (reference) => readParent(reference, namespace), passOver).flat();
}

/** Empty for a reference to another kind of object. @throws ObjectError */
function readParent(reference: Field, namespace: string): Parent[] {
  const group = reference.get('group').text() ?? GATEWAY_GROUP;
  const kind = reference.get('kind').text() ?? 'Gateway';
  if (group !== GATEWAY_GROUP || kind !== 'Gateway') return [];
  const name = reference.get('name');
  return [
    {
      namespace: reference.get('namespace').text() ?? namespace,
      name: name.text() ?? name.wrong('the name of a Gateway'),
      sectionName: reference.get('sectionName').text() || undefined,
      port: reference.get('port').count(),
    },
  ];
}

/** The parents that the status says have accepted the route. */
function acceptedBy(parents: readonly Parent[], status: Field, namespace: string, passOver: PassOver): Parent[] {
  const accepting = status.get('parents').items().filter(isAccepting);
  const accepted = readParents(
    accepting.map((parent) => parent.get('parentRef')),
    namespace,
    passOver,
  ).map(keyOf);
  return parents.filter((parent) => accepted.includes(keyOf(parent)));
}

function isAccepting(parent: Field): boolean {
  const conditions = parent.get('conditions').items();
  return conditions.some(
    (condition) => condition.get('type').value === 'Accepted' && condition.get('status').value === 'True',
  );
}

function keyOf({ namespace, name, sectionName = '', port = 0 }: Parent): string {
  return `${namespace}/${name}/${sectionName}/${port}`;
}
