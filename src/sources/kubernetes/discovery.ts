import { messageOf } from '../../base/errors.ts';
import type { ApiBody } from './body.ts';
import type { ApiClient } from './client.ts';
import { ApiConnectionError, ApiStatusError } from './errors.ts';
import { pathOf, type Resource } from './resource.ts';

/** The maximum size of the list of resources of one group and version. */
const MAX_LIST_BYTES = 1024 * 1024;

/**
 * The version of a resource that the API server has, the one to prefer if there are several; undefined if it does not have the resource.
 *
 * @throws what {@link ApiClient.get} throws.
 */
export async function findVersion(
  api: ApiClient,
  resource: Resource,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const version of resource.versions ?? [resource.version]) {
    if (await isServed(api, { ...resource, version }, signal)) return version;
  }
  return undefined;
}

/** A client that may not read what the server has tries the resource itself. */
async function isServed(api: ApiClient, resource: Resource, signal: AbortSignal): Promise<boolean> {
  const { group, version, plural } = resource;
  const body = await existing(api, `/apis/${group}/${version}`, signal);
  if (body === undefined) return false;
  if (body !== 'forbidden') return (await readNames(body)).includes(plural);
  return (await listOne(api, resource, undefined, signal)) !== undefined;
}

/** Whether the server lists objects of a resource, in the whole cluster or in a namespace. @throws what {@link ApiClient.get} throws. */
export async function isListed(
  api: ApiClient,
  resource: Resource,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  return (await listOne(api, resource, namespace, signal)) === 'listed';
}

/** Tries to list one object; undefined if the server does not know the resource. */
async function listOne(
  api: ApiClient,
  resource: Resource,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<'listed' | 'forbidden' | undefined> {
  const listed = await existing(api, `${pathOf(resource, namespace)}?limit=1`, signal);
  if (typeof listed !== 'object') return listed;
  for await (const _ of listed.chunks);
  return 'listed';
}

/** The response to a path; undefined if the server does not know it. */
async function existing(api: ApiClient, path: string, signal: AbortSignal): Promise<ApiBody | 'forbidden' | undefined> {
  try {
    return await api.get(path, signal);
  } catch (thrown) {
    if (thrown instanceof ApiStatusError && thrown.status === 404) return undefined;
    if (thrown instanceof ApiStatusError && thrown.status === 403) return 'forbidden';
    throw thrown;
  }
}

/** The names in an APIResourceList. @throws ApiConnectionError */
async function readNames({ chunks }: ApiBody): Promise<unknown[]> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length > MAX_LIST_BYTES) throw new ApiConnectionError('the list of resources is too long');
  }
  try {
    const { resources } = JSON.parse(Buffer.concat(parts).toString('utf8')) as { resources: { name?: unknown }[] };
    return resources.map(({ name }) => name);
  } catch (thrown) {
    throw new ApiConnectionError(`the list of resources cannot be read: ${messageOf(thrown)}`, thrown);
  }
}
