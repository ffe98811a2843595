import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { KubernetesObject } from '../support/api-server/index.ts';
import { type ControlPlane, ISSUER } from './control-plane.ts';

/** Asks for a token of a service account, as the kubelet does for a pod. */
export async function requestToken({ api }: ControlPlane, account: KubernetesObject): Promise<string> {
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
  const { status } = await api.createUnder(account, 'token', request);
  return (status as { token: string }).token;
}

/** An API server takes a token for so much longer than it says. */
const LEEWAY_SECONDS = 60;

/** A token that is valid for a number of seconds; the API server itself only issues tokens for at least ten minutes. */
export function signToken({ signingKey }: ControlPlane, account: KubernetesObject, seconds: number): string {
  const { name, namespace, uid } = account.metadata;
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    ...{ iss: ISSUER, aud: [ISSUER], sub: `system:serviceaccount:${namespace}:${name}` },
    ...{ iat: now - LEEWAY_SECONDS, nbf: now - LEEWAY_SECONDS, exp: now + seconds - LEEWAY_SECONDS },
    'kubernetes.io': { namespace, serviceaccount: { name, uid } },
  };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'ES256', typ: 'JWT' })}.${part(claims)}`;
  const key = createPrivateKey(readFileSync(signingKey));
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}
