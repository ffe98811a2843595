import type { ResolverOptions as NodeResolverOptions } from 'node:dns';
import { parseType, typeNames } from '../dns/rr.ts';
import { systemClock } from '../observe/clock.ts';
import type { Resolver, ResolverOptions } from './api.ts';
import { checkName, wrongValue } from './arguments.ts';
import { checkCall, checkSetup } from './check-options.ts';
import { createExplainer, type Explainer } from './explainer.ts';
import { parseHosts } from './hosts.ts';
import { createLookup, inAscii } from './lookup.ts';
import { createRecordResolver } from './record-resolver.ts';
import type { Network } from './run.ts';
import type { Question } from './stub.ts';
import { socketTransport } from './transport.ts';

const DNS_PORT = 53;

/**
 * A resolver that sends the same queries as the stub resolvers of a program, and decides in the same way. It keeps no state between lookups: no cache, no
 * memory of servers.
 *
 * @throws CairnError for options that do not exist, and for values that are not valid
 */
export function createResolver(options: ResolverOptions): Resolver {
  checkSetup('createResolver', options);
  const { transport = socketTransport, port = DNS_PORT, clock = systemClock, families = [4, 6] } = options;
  const { stub = 'glibc', recordsStub = stub } = options;
  const network: Network = { transport, port, clock, simulatedTime: options.simulatedTime ?? false };
  const hosts = parseHosts(options.hosts ?? '');
  const addresses = createExplainer(stub, options, network, hosts);
  const records = createExplainer(recordsStub, options, network, hosts);
  class OwnResolver {
    constructor(own?: NodeResolverOptions) {
      Object.assign(this, createRecordResolver(records, hosts, own));
    }
  }
  const asked = (name: string, type: string | undefined): [Explainer, Question] => {
    checkName('name', name);
    if (type !== undefined && (typeof type !== 'string' || parseType(type) === undefined))
      throw wrongValue('type', 'a record type such as A, SRV or TYPE65', type, typeNames());
    const ascii = inAscii(name);
    return type === undefined
      ? [addresses, { name: ascii, types: ['A', 'AAAA'], kind: 'addresses' }]
      : [records, { name: ascii, types: [type.toUpperCase()], kind: 'records' }];
  };
  return {
    ...createRecordResolver(records, hosts),
    lookup: createLookup(addresses, families),
    Resolver: OwnResolver as unknown as Resolver['Resolver'],
    async explain(name, options = {}) {
      checkCall('explain', options);
      const { type, signal } = options;
      const [explainer, question] = asked(name, type);
      return explainer.explain(question, { signal });
    },
    plan(name, options = {}) {
      checkCall('plan', options);
      const { type } = options;
      const [explainer, question] = asked(name, type);
      return explainer.plan(question);
    },
  };
}
