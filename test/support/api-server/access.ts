import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { Refused } from './options.ts';
import type { Target } from './resources.ts';
import { forbidden, unauthorized } from './status.ts';
import { concerns, type Switches, type Verb } from './switches.ts';

const TOKEN_USER = 'system:serviceaccount:kube-system:coredns';
/** The client of a server that does not ask for credentials. */
const UNSECURED = 'system:unsecured';

/** Who asks: by certificate, else by token. @throws Refused with 401 where one must say so and does not. */
export function authenticate(request: IncomingMessage, { tokens }: Switches): string {
  const certificate = clientOf(request);
  if (certificate !== undefined) return certificate;
  if (tokens === undefined) return UNSECURED;
  const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined || !tokens.includes(token)) throw new Refused(unauthorized());
  return TOKEN_USER;
}

/** The common name in the client's certificate, if there is one that is trusted. */
export function clientOf({ socket }: IncomingMessage): string | undefined {
  const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>;
  if (!authorized) return undefined;
  const name = getPeerCertificate?.call(socket).subject?.CN;
  return Array.isArray(name) ? name[0] : name;
}

/** @throws Refused with 403 where the switches forbid this. */
export function authorize(user: string, verb: Verb, { resource, namespace }: Target, switches: Switches): void {
  const asked = { verb, resource: resource.name, namespace };
  if (switches.forbidden.some((rule) => concerns(rule, asked)))
    throw new Refused(forbidden(user, verb, resource, namespace));
}
