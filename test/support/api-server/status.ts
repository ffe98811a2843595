import type { Resource } from './resources.ts';

/** The object that an API server answers an error with. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Failure';
  readonly message: string;
  readonly reason?: string;
  readonly details?: object;
  readonly code: number;
}

function failure(code: number, reason: string, message: string, more: Partial<Status> = {}): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code, ...more };
}

export const unauthorized = (): Status => failure(401, 'Unauthorized', 'Unauthorized');

export const badRequest = (message: string): Status => failure(400, 'BadRequest', message);

/** What a cluster says to one that RBAC gives no leave. */
export function forbidden(user: string, verb: string, resource: Resource, namespace: string | undefined): Status {
  const { group, name: kind } = resource;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const what = `cannot ${verb} resource "${kind}" in API group "${group}" ${where}`;
  const details = { ...(group !== '' && { group }), kind };
  return failure(403, 'Forbidden', `${kind} is forbidden: User "${user}" ${what}`, { details });
}

/** What a cluster says to one that may not ask what there is. */
export function noDiscovery(user: string, path: string): Status {
  return failure(403, 'Forbidden', `forbidden: User "${user}" cannot get path "${path}"`, { details: {} });
}

export function notFound({ group, name: kind }: Resource, name: string): Status {
  const details = { name, ...(group !== '' && { group }), kind };
  return failure(404, 'NotFound', `${kind}${group && `.${group}`} "${name}" not found`, { details });
}

export function methodNotAllowed(): Status {
  return failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
}

/** What list options that contradict each other get. */
export function invalid(field: string, message: string): Status {
  const cause = { reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field };
  const details = { group: 'meta.k8s.io', kind: 'ListOptions', causes: [cause] };
  const text = `ListOptions.meta.k8s.io "" is invalid: ${field}: Forbidden: ${message}`;
  return failure(422, 'Invalid', text, { details });
}

/** The version is older than what is remembered. */
export function tooOld(version: number, oldest: number): Status {
  return failure(410, 'Expired', `too old resource version: ${version} (${oldest})`);
}

/** The version is newer than what there is, which a client sees after a restore from a backup. */
export function tooLarge(version: number, current: number): Status {
  const cause = { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' };
  return failure(504, 'Timeout', `Too large resource version: ${version}, current: ${current}`, {
    details: { causes: [cause], retryAfterSeconds: 1 },
  });
}

/** A list took too long for its pages to be kept; the token leads on through what there is now. */
export function continueExpired(token: string): Status {
  const message =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the ' +
    'continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing ' +
    'with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the ' +
    'time the first chunk was returned and now may show up in the list.';
  return failure(410, 'Expired', message, { metadata: { continue: token } });
}

const REASONS: Readonly<Record<number, string>> = {
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** A failure that a test asked for. */
export function failed(code: number, retryAfterSeconds: number | undefined): Status {
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  return failure(code, REASONS[code] ?? 'Unknown', `the stand-in was told to fail with ${code}`, details);
}
