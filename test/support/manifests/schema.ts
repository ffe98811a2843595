import { isDeepStrictEqual } from 'node:util';
import { dumpYaml, loadYaml } from '@kubernetes/client-node';
import { parse, stringify } from 'yaml';
import type { Manifest } from './kustomize.ts';

/** What a current API server would refuse or pass over in an object: wrong types and missing fields, then fields that it does not know. */
export async function schemaProblems(object: Manifest): Promise<string[]> {
  const { apiVersion, kind } = object;
  const models = apiVersion.startsWith('monitoring.coreos.com/')
    ? '@kubernetes-models/prometheus-operator'
    : 'kubernetes-models';
  const { [kind]: Model } = await import(`${models}/${apiVersion}/${kind}`);
  try {
    new Model(object).validate();
  } catch (error) {
    return [`${kind} ${object.metadata.name}: ${(error as Error).message}`];
  }
  return unknownFields(object).map((path) => `${kind} ${object.metadata.name}: there is no field ${path}`);
}

/** The schemas allow for fields that they do not name; the client's classes keep only what they know. */
function unknownFields(object: Manifest): string[] {
  return differences(object, parse(dumpYaml(loadYaml(stringify(object)))), '');
}

function differences(given: unknown, kept: unknown, path: string): string[] {
  if (isDeepStrictEqual(given, kept)) return [];
  if (typeof given !== 'object' || given === null || typeof kept !== 'object' || kept === null) return [path];
  return Object.entries(given).flatMap(([key, value]) =>
    differences(value, (kept as Record<string, unknown>)[key], `${path}/${key}`),
  );
}
