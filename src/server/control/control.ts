/*
 * What `admin` shows of the running server and lets it change. Begin here; each file is one part of the interface. It reads the server's state when
 * somebody asks, and keeps nothing while nobody does.
 */

import { findClient } from '../../plugin/client-view.ts';
import type { ServerControl } from '../../plugin/server-control.ts';
import { cachedReplies, flushCaches } from './cache.ts';
import type { Controlled } from './controlled.ts';
import { corefileOf } from './corefile.ts';
import type { Explanations } from './explain.ts';
import { LogLevelControl } from './log-level.ts';
import { statusOf } from './status.ts';

/** The control of one server. */
export function createControl(server: Controlled): ServerControl {
  let explanations: Promise<Explanations> | undefined;
  /** With the client side of DNS, which a server does not need otherwise. */
  const loadExplanations = async () => new (await import('./explain.ts')).Explanations(server);
  const logLevel = new LogLevelControl(server);
  return {
    status: () => statusOf(server),
    corefile: () => corefileOf(server),
    namespaceOf: (address) => findClient(address, server.instance?.clientViews ?? [])?.namespace,
    searchListOf(address, name) {
      const client = findClient(address, server.instance?.clientViews ?? []);
      return client?.view.searchList(name, client.namespace);
    },
    follow: (follower) => server.followers.add(follower),
    async explain(request) {
      explanations ??= loadExplanations();
      return (await explanations).explain(request);
    },
    cached: (name) => cachedReplies(server, name),
    flush: (request) => flushCaches(server, request),
    setLogLevel: (request) => logLevel.set(request),
    drain({ draining }) {
      server.draining = draining;
    },
    reload: () => server.reload(),
  };
}
