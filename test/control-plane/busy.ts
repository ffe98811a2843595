import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { KubernetesObject } from '../support/api-server/index.ts';
import { pathOf } from './api.ts';
import type { ControlPlane } from './control-plane.ts';
import { ACCOUNT } from './rights.ts';

const OTHER = 'who-takes-the-seat';

/**
 * Lets the API server have time for one request of Cairn's account at a time, and takes that: all others are answered 429. The function that this
 * returns ends it.
 */
export async function keepBusy(plane: ControlPlane): Promise<() => Promise<void>> {
  for (const object of [...priority(), otherRights()]) await plane.api.create(object);
  const { cert, key } = await plane.authority.issue(`/CN=${OTHER}`);
  // The API server waits for the rest of this object for a minute.
  const held = request(`${plane.url}${pathOf('Service', 'default')}`, {
    ...{ method: 'POST', ca: plane.authority.pem, cert: readFileSync(cert), key: readFileSync(key), agent: false },
    headers: { 'content-type': 'application/json', 'content-length': 1000 },
  });
  held.on('error', () => {});
  held.write('{');
  return async () => {
    held.destroy();
    for (const object of priority()) await plane.api.delete(object);
  };
}

/** A level without a seat of its own still does one request at a time. */
function priority(): KubernetesObject[] {
  const common = { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', metadata: { name: 'busy' } };
  const limited = {
    ...{ nominalConcurrencyShares: 0, lendablePercent: 0, borrowingLimitPercent: 0 },
    limitResponse: { type: 'Reject' },
  };
  const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] };
  const subjects = [
    { kind: 'ServiceAccount', serviceAccount: ACCOUNT },
    { kind: 'User', user: { name: OTHER } },
  ];
  const schema = {
    ...{ priorityLevelConfiguration: { name: 'busy' }, matchingPrecedence: 2 },
    rules: [{ subjects, resourceRules: [everything] }],
  };
  return [
    { ...common, kind: 'PriorityLevelConfiguration', spec: { type: 'Limited', limited } },
    { ...common, kind: 'FlowSchema', spec: schema },
  ];
}

function otherRights(): KubernetesObject {
  const apiGroup = 'rbac.authorization.k8s.io';
  return {
    ...{ apiVersion: `${apiGroup}/v1`, kind: 'ClusterRoleBinding', metadata: { name: OTHER } },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup, kind: 'User', name: OTHER }],
  };
}
