import { resolve } from 'node:path';
import { readObjects } from '../interop/pod/world.ts';
import type { KubernetesObject } from '../support/api-server/index.ts';

/** The account and the rights that deploy/base gives. */
export const rights: readonly KubernetesObject[] = readObjects(
  resolve(import.meta.dirname, '../../deploy/base/rights.yaml'),
);

/** What gives the rights to the account. */
export const binding = rights.find(({ kind }) => kind === 'ClusterRoleBinding')!;

export const ACCOUNT = { name: 'cairn', namespace: 'kube-system' };

/** The user name that the API server gives that account. */
export const CAIRN = `system:serviceaccount:${ACCOUNT.namespace}:${ACCOUNT.name}`;
