import { parseAllDocuments } from 'yaml';
import type { Clock } from '../../src/observe/clock.ts';
import { TRANSFERS } from '../../src/plugin/keys.ts';
import type { Handler } from '../../src/plugin/plugin.ts';
import { nextHandler } from '../../src/plugin/testing/plugin.ts';
import { parseGateway } from '../../src/plugins/k8s_gateway/options.ts';
import { createGateway } from '../../src/plugins/k8s_gateway/plugin.ts';
import { Registry } from '../../src/registry/registry.ts';
import { followObjects } from '../../src/sources/memory/follow.ts';
import { createObjectStore } from '../../src/sources/memory/object-store.ts';
import { fakeClock } from './clock.ts';
import { directives } from './directive.ts';
import { type TestEnvOptions, testEnv } from './env.ts';
import { parseContext } from './plugin.ts';
import { printReply, testQuery } from './query.ts';

/** Objects from YAML; those without an API version or a name have the newest version, or the name of their kind. */
export function objectsOf(yaml: string): Record<string, unknown>[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    const object = document.toJS() as Record<string, unknown> | null;
    return object ? [object] : [];
  });
}

/** A registry that follows objects which the test changes. */
export function declaredCluster(yaml: string, clock: Clock = fakeClock()) {
  const store = createObjectStore();
  const registry = new Registry(clock);
  store.apply(objectsOf(yaml));
  followObjects(store, {}, registry);
  return {
    registry,
    apply: (more: string) => store.apply(objectsOf(more)),
    remove: (references: string) => store.delete(objectsOf(references)),
  };
}

/** `options` are lines of the option block. */
export interface GatewaySetup extends TestEnvOptions {
  readonly zones?: readonly string[];
  readonly options?: string;
  readonly cluster: string;
  /** The plugins below. */
  readonly next?: Handler;
}

/** The plugin at work on a registry of its own. */
export function gateway({ zones = ['example.'], options = '', cluster, next = nextHandler, ...rest }: GatewaySetup) {
  const env = testEnv({ name: 'k8s_gateway', zones, localAddresses: ['192.0.2.53'], ...rest });
  const body = `k8s_gateway ${zones.join(' ')} {\n${options}\n}`;
  const declared = declaredCluster(cluster, env.clock);
  const parsed = parseGateway(directives(body), parseContext(env.block.zones));
  const plugin = createGateway(parsed, env, () => ({ registry: declared.registry, start: async () => {} }));
  env.offers.complete();
  const handler = plugin.wrap!(next);
  const queryFrom = (client: string, question: string) =>
    testQuery(question, { client: { address: client, port: 40_000 } });
  return {
    ...declared,
    plugin,
    env,
    handler,
    transfers: env.ask(TRANSFERS)[0]!,
    reply: (question: string, client = '198.51.100.1') => handler(queryFrom(client, question)),
    /** The records of the answer, without owner, TTL and class; `NXDOMAIN`, `NODATA` or another rcode; `next` if the query was passed on. */
    async ask(question: string, client = '198.51.100.1'): Promise<string> {
      const reply = await handler(queryFrom(client, question));
      if (reply.source === 'next') return 'next';
      const [head = '', ...lines] = printReply(reply).split('\n');
      const answer = lines.filter((line) => !/^(--|\+\+) /.test(line));
      const rcode = head.split(' ')[0]!;
      if (rcode !== 'NOERROR') return rcode;
      return answer.length === 0 ? 'NODATA' : answer.map((line) => line.replace(/^\S+ \d+ IN /, '')).join(', ');
    },
    explain: async (question: string, client = '198.51.100.1') => {
      const query = queryFrom(client, question);
      return plugin.explain!(query, await handler(query));
    },
  };
}
