import { TRANSFERS } from '../../src/plugin/keys.ts';
import type { Reply } from '../../src/plugin/reply.ts';
import { parseKubernetes } from '../../src/plugins/kubernetes/options.ts';
import { createKubernetes } from '../../src/plugins/kubernetes/plugin.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { testCluster } from './cluster.ts';
import { directives } from './directive.ts';
import { type TestEnvOptions, testEnv } from './env.ts';
import { nextHandler, parseContext } from './plugin.ts';
import { printReply, testQuery } from './query.ts';

/** A cluster with something of everything, in the notation of `testCluster`. */
export const CLUSTER = `
namespace shop
namespace other
service shop/web 10.0.0.1 http:tcp:80 :tcp:443
slice shop/web http:tcp:8080 10.1.0.1=front 10.1.0.2
service shop/dual 10.0.0.2,fd00::2 http:tcp:80
service shop/dns 10.0.0.3 dns:udp:53 dns-tcp:tcp:53
service shop/bare 10.0.0.4
service shop/v6 fd00::5 http:tcp:80
service hidden/web 10.0.0.9 http:tcp:80
service other/web 10.0.0.8 http:tcp:80
headless shop/db
slice shop/db pg:tcp:5432 10.1.1.1=db-0~p-0@eu-1 10.1.1.2=db-1~p-1@eu-2
slice shop/db pg:tcp:5432 fd00:1::1=db-0~p-0@eu-1
headless shop/six
slice shop/six x:tcp:1 10.1.2.1=a 10.1.2.2=a 10.1.2.3=b 10.1.2.4=c 10.1.2.5=d 10.1.2.6=e
headless shop/portless
slice shop/portless - 10.1.3.1 2001:db8::
headless shop/gone
slice shop/gone x:tcp:1
headless shop/none
pod shop/job 10.9.0.1,fd00:9::1
`;

/** `options` are lines of the option block. */
export interface KubernetesSetup extends TestEnvOptions {
  readonly zones?: readonly string[];
  readonly options?: string;
  readonly cluster?: string;
  readonly registry?: Registry;
}

/** The plugin at work on a registry of its own. */
export function kubernetes({
  zones = ['cluster.local.'],
  options = '',
  cluster = CLUSTER,
  registry,
  ...rest
}: KubernetesSetup = {}) {
  const env = testEnv({ name: 'kubernetes', zones, localAddresses: ['192.0.2.53', '2001:db8::53'], ...rest });
  const body = `kubernetes ${zones.join(' ')} {\nmanifests unused\n${options}\n}`;
  const filled = {
    registry: registry ?? testCluster(cluster, env.clock),
    start: async () => {},
    stats: () => ({ files: 3, brokenFiles: 1, loads: 2, loadedAtMs: 0 }),
  };
  const plugin = createKubernetes(parseKubernetes(directives(body), parseContext(env.block.zones)), env, filled);
  env.offers.complete();
  const handler = plugin.wrap!(nextHandler);
  return {
    plugin,
    transfers: env.ask(TRANSFERS)[0]!,
    registry: filled.registry,
    env,
    handler,
    ask: (question: string) => handler(testQuery(question)) as Reply,
  };
}

/** A denial with AA and nothing but one SOA record of the zone is its rcode alone, or NODATA; all else is printed in full. */
export function outcome(reply: Reply, zone = 'cluster.local.', ttl = 5): string {
  const soa = `-- ${zone} ${ttl} IN SOA ns.dns.${zone} hostmaster.${zone} 1767225600 7200 1800 86400 ${ttl}`;
  const text = printReply(reply);
  if (text === `NXDOMAIN aa\n${soa}`) return 'NXDOMAIN';
  if (text === `NOERROR aa\n${soa}`) return 'NODATA';
  return reply.source === 'next' ? 'next' : text;
}

/** An expected text of several lines. */
export const lines = (...text: string[]) => text.join('\n');
