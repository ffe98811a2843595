import { expect, test } from 'vitest';
import { ApiConnectionError, ApiStatusError } from './errors.ts';
import { explain } from './explain.ts';
import type { Resource } from './resource.ts';

const SERVICES = { group: '', version: 'v1', plural: 'services', namespaced: true } as Resource;
const forbidden = (user: string) =>
  new ApiStatusError(403, 'Forbidden', `services is forbidden: User "${user}" cannot`);
const RULE = '{ apiGroups: [""], resources: ["services"], verbs: ["list", "watch"] }';

test.each([
  [new ApiStatusError(401, '', 'Unauthorized'), undefined, 'check the token or certificate of this server'],
  [forbidden('cairn'), undefined, `add ${RULE} to a ClusterRole bound to its account with a ClusterRoleBinding`],
  [forbidden('cairn'), 'shop', `add ${RULE} to a Role in the namespace shop bound to its account with a RoleBinding`],
  [
    forbidden('system:anonymous'),
    undefined,
    "give the user of the kubeconfig a token or certificate, or add a 'tls' line",
  ],
  [
    new ApiStatusError(404, '', 'not found'),
    undefined,
    'the API server has no services of version v1 (404: not found)',
  ],
  [new ApiStatusError(429, '', 'slow down'), undefined, 'the API server answers 429: slow down'],
  [new ApiConnectionError('no way'), undefined, 'no way'],
])('%s in %s', (thrown, namespace, expected) => {
  expect(explain(SERVICES, namespace, thrown)).toContain(expected);
});
