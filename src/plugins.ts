import type { PluginDefinition } from './plugin/plugin.ts';
import bind from './plugins/bind/index.ts';
import cache from './plugins/cache/index.ts';
import errors from './plugins/errors/index.ts';
import forward from './plugins/forward/index.ts';
import health from './plugins/health/index.ts';
import hosts from './plugins/hosts/index.ts';
import kubernetes from './plugins/kubernetes/index.ts';
import loadbalance from './plugins/loadbalance/index.ts';
import log from './plugins/log/index.ts';
import loop from './plugins/loop/index.ts';
import prometheus from './plugins/prometheus/index.ts';
import ready from './plugins/ready/index.ts';
import reload from './plugins/reload/index.ts';
import whoami from './plugins/whoami/index.ts';

/** Every plugin, in the order of the chain, which is CoreDNS's; the order in a Corefile never matters. */
export const plugins: readonly PluginDefinition[] = [
  reload,
  bind,
  ready,
  health,
  prometheus,
  errors,
  log,
  loadbalance,
  cache,
  hosts,
  kubernetes,
  loop,
  forward,
  whoami,
];
