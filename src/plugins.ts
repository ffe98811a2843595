import type { PluginDefinition } from './plugin/plugin.ts';
import acl from './plugins/acl/index.ts';
import admin from './plugins/admin/index.ts';
import any from './plugins/any/index.ts';
import auto from './plugins/auto/index.ts';
import autopath from './plugins/autopath/index.ts';
import bind from './plugins/bind/index.ts';
import bufsize from './plugins/bufsize/index.ts';
import cache from './plugins/cache/index.ts';
import cancel from './plugins/cancel/index.ts';
import chaos from './plugins/chaos/index.ts';
import debug from './plugins/debug/index.ts';
import dns64 from './plugins/dns64/index.ts';
import dnstap from './plugins/dnstap/index.ts';
import erratic from './plugins/erratic/index.ts';
import errors from './plugins/errors/index.ts';
import file from './plugins/file/index.ts';
import filter from './plugins/filter/index.ts';
import forward from './plugins/forward/index.ts';
import header from './plugins/header/index.ts';
import health from './plugins/health/index.ts';
import hosts from './plugins/hosts/index.ts';
import https from './plugins/https/index.ts';
import k8sExternal from './plugins/k8s_external/index.ts';
import k8sGateway from './plugins/k8s_gateway/index.ts';
import kubernetes from './plugins/kubernetes/index.ts';
import loadbalance from './plugins/loadbalance/index.ts';
import local from './plugins/local/index.ts';
import log from './plugins/log/index.ts';
import loop from './plugins/loop/index.ts';
import metadata from './plugins/metadata/index.ts';
import minimal from './plugins/minimal/index.ts';
import multisocket from './plugins/multisocket/index.ts';
import nsid from './plugins/nsid/index.ts';
import prometheus from './plugins/prometheus/index.ts';
import ready from './plugins/ready/index.ts';
import reload from './plugins/reload/index.ts';
import rewrite from './plugins/rewrite/index.ts';
import root from './plugins/root/index.ts';
import secondary from './plugins/secondary/index.ts';
import shed from './plugins/shed/index.ts';
import template from './plugins/template/index.ts';
import timeouts from './plugins/timeouts/index.ts';
import tls from './plugins/tls/index.ts';
import trace from './plugins/trace/index.ts';
import transfer from './plugins/transfer/index.ts';
import view from './plugins/view/index.ts';
import whoami from './plugins/whoami/index.ts';

/** Every plugin, in the order of the chain, which is CoreDNS's; the order in a Corefile never matters. */
export const plugins: readonly PluginDefinition[] = [
  root,
  metadata,
  cancel,
  https,
  timeouts,
  multisocket,
  reload,
  nsid,
  bufsize,
  bind,
  debug,
  admin,
  trace,
  ready,
  health,
  shed,
  prometheus,
  errors,
  log,
  dnstap,
  local,
  dns64,
  any,
  chaos,
  loadbalance,
  rewrite,
  autopath,
  acl,
  cache,
  header,
  tls,
  minimal,
  template,
  transfer,
  hosts,
  k8sGateway,
  k8sExternal,
  kubernetes,
  file,
  auto,
  secondary,
  loop,
  filter,
  forward,
  erratic,
  whoami,
  view,
];
