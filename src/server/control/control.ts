/*
 * What `admin` shows of the running server and lets it change. Begin here; each file is one part of the interface. It reads the server's state when
 * somebody asks, and keeps nothing while nobody does.
 */

import { findClient } from '../../plugin/client-view.ts';
import type { ServerControl } from '../../plugin/server-control.ts';
import type { Controlled } from './controlled.ts';
import { corefileOf } from './corefile.ts';
import { LogLevelControl } from './log-level.ts';
import { statusOf } from './status.ts';

/** The control of one server. */
export function createControl(server: Controlled): ServerControl {
  const later = (): never => {
    throw new Error('not written yet');
  };
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
    explain: later,
    cached: later,
    flush: later,
    setLogLevel: (request) => logLevel.set(request),
    drain({ draining }) {
      server.draining = draining;
    },
    reload: () => server.reload(),
  };
}
