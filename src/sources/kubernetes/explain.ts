import { messageOf } from '../../base/errors.ts';
import { ApiStatusError } from './errors.ts';
import { nameOf, type Resource } from './resource.ts';

/** The name of clients without credentials. */
const ANONYMOUS = 'system:anonymous';

/** Explains why a list or watch failed, and what the operator can do about it. */
export function explain(resource: Resource, namespace: string | undefined, thrown: unknown): string {
  const status = thrown instanceof ApiStatusError ? thrown : undefined;
  const said = messageOf(thrown);
  switch (status?.status) {
    case 401:
      return `the API server does not accept the credentials (401: ${said}): check the token or certificate of this server`;
    case 403:
      if (said.includes(`"${ANONYMOUS}"`)) {
        return `the API server was shown no credentials (403: ${said}): give the user of the kubeconfig a token or certificate, or add a 'tls' line to 'endpoint'`;
      }
      return `the API server forbids it (403: ${said}): ${missingRule(resource, namespace)}`;
    case 404:
      return `the API server has no ${nameOf(resource)} of version ${resource.version} (404: ${said})`;
    case undefined:
      return said;
    default:
      return `the API server answers ${status?.status}: ${said}`;
  }
}

/** The RBAC rule that lets this server list and watch a resource. */
function missingRule({ group, plural }: Resource, namespace: string | undefined): string {
  const rule = `apiGroups: ["${group}"], resources: ["${plural}"], verbs: ["list", "watch"]`;
  const place =
    namespace === undefined
      ? 'a ClusterRole bound to its account with a ClusterRoleBinding'
      : `a Role in the namespace ${namespace} bound to its account with a RoleBinding`;
  return `this server needs the verbs list and watch on ${plural}: add { ${rule} } to ${place}`;
}
