/*
 * Tells other programs of queries and responses, as dnstap messages. Begin here; tap.ts sees the messages, message.ts encodes them, and kept-sink.ts hands
 * them to src/net/frame-stream. It never changes a query or a reply, and nobody waits for it.
 */

import { hostname } from 'node:os';
import { attempt, type CorefileError, throwAll } from '../../corefile/error.ts';
import { createEpisode } from '../../observe/episode.ts';
import { NO_LABELS } from '../../plugin/arguments.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { TAP } from '../../plugin/keys.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { compileFormat, NOT_SENT } from '../../plugin/query-format.ts';
import { VERSION } from '../../version.ts';
import { KeptSink } from './kept-sink.ts';
import { dnstapMetrics } from './metrics.ts';
import { parseTap, type TapOptions } from './options.ts';
import { tapStatus } from './status.ts';
import { DnstapTap, type Outlet } from './tap.ts';

/** The label of `forward`. It knows the value only once an upstream has answered, but its messages tell which one they are for. */
const UPSTREAM = 'forward/upstream';

/** Tells other programs of queries and responses, as dnstap messages. */
export default definePlugin<readonly TapOptions[]>({
  name: 'dnstap',
  dependsOn: 'question',

  parse(uses, block) {
    const errors: CorefileError[] = [];
    const taps = uses.flatMap((use) => attempt(errors, () => parseTap(use, block)) ?? []);
    throwAll(errors);
    return taps;
  },

  create(taps, env) {
    const metrics = dnstapMetrics(env.metrics);
    if (taps.some(({ extra }) => extra.includes('{/')) && !env.block.labelled) env.log.warning(NO_LABELS);
    const sinks = taps.map((tap) => env.keep(keyOf(tap, env), () => new KeptSink(tap, metrics, env)));
    const outlets = taps.map((tap, i) => outletOf(tap, sinks[i]!, env));
    const failed = createEpisode(env.clock, (text) => env.log.error(`a message was left out: ${text}`));
    env.offer(TAP, new DnstapTap(outlets, env.clock, failed));
    return {
      async load() {
        await Promise.all(sinks.map((sink) => sink.load()));
      },
      status: () => tapStatus(sinks.map((sink) => sink.status())),
      serving() {
        for (const sink of sinks) sink.open();
      },
    };
  },
});

/** The options that a sink depends on. */
function keyOf(
  { isListener, endpoint, name, writeBuffer, queue, skipVerify, tls }: TapOptions,
  env: PluginEnv,
): string {
  const paths = [endpoint.kind === 'unix' ? endpoint.path : '', tls?.cert, tls?.key, tls?.ca].map(
    (path) => path && env.path(path),
  );
  return JSON.stringify([isListener, name, writeBuffer, queue, skipVerify, ...paths]);
}

function outletOf({ full, identity, version, extra }: TapOptions, { sink }: KeptSink, env: PluginEnv): Outlet {
  let asked: string | undefined;
  const print = compileFormat(extra, (query, label) => {
    const isKnown = label === UPSTREAM && asked !== undefined && env.block.labelled;
    return isKnown ? asked : env.label(query, label);
  });
  const fixed = extra.includes('{') ? undefined : Buffer.from(extra);
  return {
    ...{ sink, full },
    identity: Buffer.from(identity ?? hostname()),
    version: Buffer.from(version ?? `Cairn-${VERSION}`),
    extra(query, upstream) {
      asked = upstream;
      return fixed ?? Buffer.from(print(query, NOT_SENT));
    },
  };
}
