import {
  checksWith,
  either,
  FLAG,
  FUNCTION,
  listOf,
  mapOf,
  OBJECT,
  oneOf,
  optional,
  PORT,
  type Rule,
  TEXT,
  textSuchAs,
} from '../base/check.ts';
import { STUB_NAMES } from './stub.ts';

/** Checks what a program passes to functions that are not those of node:dns. */
export const check = checksWith('OPTIONS');

const RESOLV_CONF: Rule = {
  should: 'the result of parseResolvConf or resolvConfFor',
  accepts(value) {
    const { nameservers, search, options } = (value ?? {}) as Record<string, unknown>;
    return listOf(TEXT).accepts(nameservers) && listOf(TEXT).accepts(search) && Array.isArray(options);
  },
};

const RULES = {
  stub: oneOf(STUB_NAMES),
  recordsStub: oneOf(STUB_NAMES),
  resolvConf: either(textSuchAs('the text of a resolv.conf'), RESOLV_CONF),
  environment: mapOf(optional(TEXT)),
  hosts: textSuchAs('the text of a hosts file'),
  families: listOf({ should: '4 or 6', accepts: (value) => value === 4 || value === 6 }),
  port: PORT,
  transport: FUNCTION,
  clock: OBJECT,
  simulatedTime: FLAG,
  onLookup: FUNCTION,
  random: FUNCTION,
};

/** Checks the options of a resolver, from which `call` may also take only a part. @throws CairnError */
export function checkSetup(call: string, setup: unknown): void {
  check.options(call, setup, RULES);
  check.value(`${call}: resolvConf`, (setup as { readonly resolvConf?: unknown }).resolvConf, RULES.resolvConf);
}

/** @throws CairnError for options that `call` does not have */
export function checkCall(call: string, options: unknown): void {
  check.options(call, options, { type: ANYTHING, signal: SIGNAL });
}

/** Its own error says what would be right. */
const ANYTHING: Rule = { should: 'anything', accepts: () => true };
const SIGNAL: Rule = { should: 'an AbortSignal', accepts: (value) => value instanceof AbortSignal };

const DNS_POLICIES = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'];

/** The arguments of `resolvConfFor`. @throws CairnError */
export function checkKubelet(pod: unknown, cluster: unknown): void {
  const call = 'resolvConfFor';
  const podRule: Rule = { should: "a Pod, or an object with `namespace`, or a namespace's name", accepts: isPodLike };
  check.value(`${call}: pod`, pod, podRule);
  const { spec = pod } = Object(pod) as { readonly spec?: unknown };
  const { dnsPolicy } = Object(spec) as { readonly dnsPolicy?: unknown };
  check.value(`${call}: dnsPolicy`, dnsPolicy, optional(oneOf(DNS_POLICIES)));
  check.options(`${call}: cluster`, cluster, {
    clusterDns: listOf(textSuchAs('an IP address')),
    clusterDomain: TEXT,
    nodeResolvConf: textSuchAs('the text of a resolv.conf'),
  });
  const { clusterDns, clusterDomain } = cluster as { readonly clusterDns?: unknown; readonly clusterDomain?: unknown };
  check.value(`${call}: clusterDns`, clusterDns, listOf(textSuchAs('an IP address')));
  check.value(`${call}: clusterDomain`, clusterDomain, textSuchAs('a domain such as cluster.local'));
}

function isPodLike(pod: unknown): boolean {
  if (typeof pod === 'string') return true;
  if (!OBJECT.accepts(pod)) return false;
  const { namespace, spec } = pod as Record<string, unknown>;
  return spec === undefined ? typeof namespace === 'string' : OBJECT.accepts(spec);
}
